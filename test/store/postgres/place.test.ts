import { expect, it } from 'vitest'
import { readPlace } from '../../../daemon/store/postgres/place.ts'

const trusted = { ca: undefined }

it.each([
  ['postgres://px@db.example/fleet', { host: 'db.example', port: 5432, tls: trusted }],
  ['postgresql://px@db.example:6432/fleet', { host: 'db.example', port: 6432, tls: trusted }],
  ['postgres://px@[2001:db8::1]:6432/fleet', { host: '2001:db8::1', tls: trusted }],
  ['postgres://px@db.example/fleet?sslrootcert=/etc/ca.pem', { tls: { ca: '/etc/ca.pem' } }],
  ['postgres://px@db.example/fleet?sslmode=disable', { tls: undefined }],
  ['postgres://p%40x@localhost/fl%20eet', { user: 'p@x', database: 'fl eet', tls: undefined }],
  ['postgres://px@127.0.0.1/fleet', { tls: undefined, isDoubtful: true }],
  ['postgres://px@127.0.0.1/fleet?sslmode=disable', { tls: undefined, isDoubtful: false }],
  ['postgres://px@127.0.0.1/fleet?sslmode=verify-full', { tls: trusted }],
  ['postgres://px@[::1]/fleet', { host: '::1', tls: undefined }],
  [
    'postgres://px@/fleet?host=/run/postgresql',
    { host: '/run/postgresql', port: 5432, tls: undefined, isDoubtful: false },
  ],
  ['postgres://px@%2Frun%2Fpostgresql/fleet', { host: '/run/postgresql', tls: undefined }],
])('%s is a place, and TLS is asked for unless it is on this machine', (text, place) => {
  expect(readPlace(text)).toMatchObject(place)
})

it.each([
  ['mysql://px@db/fleet', 'is not like'],
  ['postgres://px@db', 'is not like'],
  ['postgres://px:secret@db/fleet', '--store-password-file'],
  ['postgres://px:@db/fleet', '--store-password-file'],
  ['postgres://db/fleet', 'names no user'],
  ['postgres://px@/fleet', 'names no host'],
  ['postgres://px@db/fleet?host=/run', 'names two hosts'],
  ['postgres://px@db:0/fleet', 'port'],
  ['postgres://px@db:70000/fleet', 'port'],
  ['postgres://p%zzx@db/fleet', '%'],
  ['postgres://px@db/fleet?sslmode=prefer', 'verify-full'],
  ['postgres://px@db/fleet?sslmode=disable&sslrootcert=x', 'say one'],
  ['postgres://px@/fleet?host=/run&sslmode=verify-full', 'Unix socket'],
  ['postgres://px@db/fleet?password=secret', 'password, which proxyd does not know'],
])('%s is none, which is told without what is secret in it', (text, reason) => {
  const problem = readPlace(text)
  expect(problem).toEqual(expect.stringContaining(reason))
  expect(problem).not.toContain('secret@')
})
