import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { Connections } from '../../../daemon/store/postgres/connections.ts'
import { placeOf } from '../../helpers/postgres.ts'

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
const failure = (text: string) => message('E', `SFATAL\0CXX000\0M${text}\0\0`)

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
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const place = placeOf(`postgres://proxyd@127.0.0.1:${port}/fleet${rest}`)
  const connections = await Connections.open(place, async () => password)
  onTestFinished(() => connections.close())
  const error = await connections.ask('SELECT 1').catch((error: Error) => error)
  return { said: (error as Error).message, heard: Buffer.concat(heard).toString('latin1') }
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

it('is told the password where it is said that nobody else can listen', async () => {
  expect((await ask(message('R', 3), 'secret', '?sslmode=disable')).heard).toContain('secret')
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
  expect((await ask(Buffer.concat([ready, message('K', 'key')]), '')).said).toMatch(/^cannot/)
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
