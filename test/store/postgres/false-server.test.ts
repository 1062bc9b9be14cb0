import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { expect, it, onTestFinished } from 'vitest'
import { Connections } from '../../../daemon/store/postgres/connections.ts'
import { makeCertificate } from '../../helpers/certificate.ts'
import { placeOf } from '../../helpers/postgres.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

/** A message of a server (PostgreSQL, Message Formats). */
function message(type: string, ...parts: readonly (string | number)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : int32(part))))
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const ready = Buffer.concat([message('R', 0), message('Z', 'I')])
const failure = (text: string, code = 'XX000') => message('E', `SFATAL\0C${code}\0M${text}\0\0`)

/** What is told of a server that says this, and what it has heard behind the greeting. */
async function ask(answer: Buffer, password = 'secret', rest = '') {
  const heard: Buffer[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write(answer)
      socket.on('data', (bytes: Buffer) => {
        heard.push(bytes)
        socket.end(failure('no'))
      })
    })
  })
  onTestFinished(() => void server.close())
  const said = await told(server, password, rest)
  return { said, heard: Buffer.concat(heard).toString('latin1') }
}

/** What is told of this server, once it listens. */
async function told(server: Server, password: string, rest: string): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const place = placeOf(`postgres://proxyd@127.0.0.1:${port}/fleet${rest}`)
  const connections = await Connections.open(place, async () => password)
  onTestFinished(() => connections.close())
  const error = await connections.ask('SELECT 1').catch((error: Error) => error)
  return (error as Error).message
}

it.each([
  ['that it wants a password in the clear', message('R', 3)],
  ['that it wants it by MD5', message('R', 5, 'salt')],
  ['that all is well', ready],
])('a server on loopback that says %s is taken for anybody, and told nothing', async (_, answer) => {
  const { said, heard } = await ask(answer)
  expect(said).toMatch(
    /^the store fleet at 127\.0\.0\.1:\d+ does not prove that it knows the password.*sslmode=disable/,
  )
  expect(heard).not.toMatch(/secret|md5|SELECT/)
})

it('a server whose certificate has expired is told of with the mend', async () => {
  const { cert, key } = makeCertificate('127.0.0.1', { from: Date.now() - 86_400_000, until: Date.now() - 3_600_000 })
  const ca = join(await temporaryFolder(), 'ca.pem')
  writeFileSync(ca, cert)
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write('S')
      new TLSSocket(socket, { isServer: true, cert, key }).on('error', () => {})
    })
  })
  onTestFinished(() => void server.close())
  expect(await told(server, '', `?sslrootcert=${ca}`)).toMatch(
    /^the certificate of .* is not valid now \(certificate has expired\): renew it/,
  )
})

it('is told the password where it is said that nobody else can listen', async () => {
  expect((await ask(message('R', 3), 'secret', '?sslmode=disable')).heard).toContain('secret')
})

// A pgbouncer has one code for all that it says itself, and for what it passes on of a server that lets it not in.
it.each([
  [
    'SASL authentication failed',
    /does not let proxyd in \(.*\): see to --store-password-file, and to pg_hba\.conf there or/,
  ],
  ['password authentication failed for user "proxyd"', /does not let proxyd in/],
  ['no such user: proxyd', /does not let proxyd in/],
  ['SSL required', /takes nobody without TLS \(.*\): say sslmode=verify-full in --store, or sslrootcert=FILE$/],
  ['no such database: fleet', /has no database fleet: create it/],
  ['database "fleet" does not exist', /has no database fleet: create it/],
  ['no more connections allowed (max_client_conn)', /takes no more connections \(.*\): raise/],
  [
    'server login has been failing, try again later (server_login_retry)',
    /does not serve now \(.*\): see to the server/,
  ],
  ['query_wait_timeout', /does not serve now/],
])('a pooler that says %s is told of with the mend', async (text, expected) => {
  expect((await ask(failure(text, '08P01'), '')).said).toMatch(expected)
})

it.each([
  ['wants what we do not speak', message('R', 7)],
  ['breaks off in the middle of a message', Buffer.concat([message('R', 0), message('K', 'key')])],
])('a server that %s is told of in words, and ends nothing but the connection', async (_, answer) => {
  const { said } = await ask(answer, '')
  expect(said).toMatch(/says what proxyd does not understand \(.*\): see that it is a PostgreSQL.*scram-sha-256$/)
})

it('a server that ends a connection as soon as it may be used ends nothing else', async () => {
  expect((await ask(Buffer.concat([ready, failure('terminating connection')]), '')).said).toMatch(/^cannot/)
  const broken = (await ask(Buffer.concat([ready, message('K', 'key')]), '')).said
  expect(broken).toMatch(/^cannot|^the store fleet at .* says what proxyd does not understand/)
})

it('of what a server says no more is told than fits into a line', async () => {
  const { said } = await ask(failure(`\x1b[2J${'boom\n'.repeat(10_000)}`), '')
  expect(said.length).toBeLessThan(600)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is not there
  expect(said).not.toMatch(/[\x00-\x1f]/)
})

it.each([
  ['rows', message('D', `\0\0${'x'.repeat(1000)}`)],
  ['notices', message('N', `SNOTICE\0M${'x'.repeat(1000)}\0\0`)],
  ['one error', Buffer.concat([Buffer.from('E'), int32(2 ** 30), Buffer.from(`M${'x'.repeat(1000)}`)])],
])('a server whose %s have no end is told of in words', async (_, one) => {
  const begun = Buffer.concat([message('R', 0), message('Z', 'I')])
  const block = Buffer.concat(Array.from({ length: 1000 }, () => one))
  let written = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    const flood = () => {
      while (!socket.destroyed && written < 512 * 1024 ** 2) {
        written += block.length
        if (!socket.write(block)) return
      }
    }
    socket.once('data', () => {
      socket.write(begun)
      socket.once('data', flood).on('drain', flood)
    })
  })
  onTestFinished(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const connections = await Connections.open(placeOf(`postgres://proxyd@127.0.0.1:${port}/fleet`), async () => '')
  onTestFinished(() => connections.close())
  const error = await connections.ask('SELECT 1').catch((error: Error) => error)
  expect((error as Error).message).toMatch(/^the store fleet at .* answers with more than 64 MiB at once: see that/)
  expect(written).toBeLessThan(256 * 1024 ** 2)
})
