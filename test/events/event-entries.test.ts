import { expect, test } from 'vitest'
import { eventOfAudit, eventOfBan, eventOfConnection, eventOfLog } from '../../daemon/events/event-entries.ts'
import type { AccessEntry } from '../../shared/protocol/methods.ts'
import { accessEntryOf } from '../access-log/entries.ts'

const nothingAsked = { cmd: null, name: null, address: null, port: null } as const

test.each<[Partial<AccessEntry>, object]>([
  [
    { ...nothingAsked, reason: 'denied', result: 'refused', tried: 'b%20b' },
    { kind: 'login_failed', level: 'warn', text: 'login of b%20b failed', user: 'b%20b', reason: 'denied' },
  ],
  [
    { ...nothingAsked, reason: 'denied', result: 'refused' },
    { kind: 'login_failed', level: 'warn', text: 'no login was offered', user: null },
  ],
  [
    {
      user: 'bob',
      name: null,
      address: '::1',
      port: 8080,
      reason: 'forbidden',
      result: 'refused',
      source: '[2001:db8::7]:5',
    },
    {
      kind: 'client_refused',
      level: 'warn',
      text: 'bob to [::1]:8080 refused: forbidden',
      user: 'bob',
      source: '2001:db8::7',
      destination: '[::1]:8080',
    },
  ],
  [
    { user: 'bob', reason: 'limit_user', result: 'refused' },
    { kind: 'limit_reached', level: 'warn', text: 'bob to example.com:443 refused: limit of user' },
  ],
  [
    { user: 'bob', reason: 'quota', result: 'ok' },
    { kind: 'limit_reached', text: 'bob to example.com:443 ended: quota used up' },
  ],
  [
    { reason: 'refused', result: 'failed' },
    { kind: 'not_reached', level: 'info', text: 'a client without login to example.com:443 not served: refused' },
  ],
  [
    { user: 'bob', reason: 'reset', result: 'ok', source: '192.0.2.0/24' },
    { kind: 'ended_badly', level: 'info', text: 'bob to example.com:443 ended: broken off', source: '192.0.2.0/24' },
  ],
  [
    { reason: 'idle', source: null },
    { kind: 'ended_badly', source: null },
  ],
])('of a connection with %j it is %j', (fields, event) => {
  expect(eventOfConnection(accessEntryOf(fields))).toMatchObject({ id: 'k3fq-17', count: 1, ...event })
})

test('bans begin and are over, by what was done or by an operator', () => {
  const ban = { source: '192.0.2.7', since: 1000, until: 16_000, reason: 'login', by: null } as const
  expect(eventOfBan(ban, true, 1000)).toMatchObject({
    kind: 'banned',
    level: 'warn',
    text: '192.0.2.7 is banned for 15s: wrong passwords',
    source: '192.0.2.7',
  })
  const forGood = { ...ban, until: null, reason: 'operator', by: 'ann' } as const
  expect(eventOfBan(forGood, true, 1)).toMatchObject({
    text: '192.0.2.7 is banned until it is let in: by ann',
    user: 'ann',
  })
  expect(eventOfBan(ban, false, 2)).toMatchObject({
    kind: 'unbanned',
    level: 'info',
    text: '192.0.2.7 may connect again',
    time: 2,
  })
})

test('operators log in, change something, or may not', () => {
  const entry = {
    time: 7,
    by: 'ann',
    role: 'admin',
    from: 'tls 192.0.2.9',
    given: {},
    outcome: 'ok',
    count: 1,
  } as const
  expect(eventOfAudit({ ...entry, action: 'login' })).toEqual({
    time: 7,
    kind: 'operator_login',
    level: 'info',
    text: 'ann: management login',
    user: 'ann',
    source: '192.0.2.9',
    count: 1,
  })
  const failed = { ...entry, by: null, action: 'login', given: { name: 'ann' }, outcome: 'auth_failed', count: 4 }
  expect(eventOfAudit(failed)).toMatchObject({
    kind: 'operator_login_failed',
    level: 'warn',
    text: 'ann: management login refused: auth_failed',
    user: null,
    count: 4,
  })
  const change = { ...entry, from: 'unix', action: 'users.add', given: { name: 'bob' } }
  expect(eventOfAudit(change)).toMatchObject({ kind: 'change', text: 'ann: users.add name="bob"', source: null })
  const set = { ...change, action: 'config.set', given: { patch: { 'timeout-idle': 5, dns: ['192.0.2.1'] } } }
  expect(eventOfAudit(set).text).toBe('ann: config.set timeout-idle=5 dns=["192.0.2.1"]')
  expect(eventOfAudit({ ...change, outcome: 'exists' })).toMatchObject({
    kind: 'change_refused',
    text: 'ann: users.add name="bob" refused: exists',
  })
})

test('a line of the log is as grave as that, and one without words is its error', () => {
  const line = { seq: 1, time: 5, level: 'error', message: '', fields: { err: 'Error: no\n    at x' } } as const
  expect(eventOfLog(line)).toMatchObject({ kind: 'log', level: 'error', text: 'Error: no', time: 5 })
})
