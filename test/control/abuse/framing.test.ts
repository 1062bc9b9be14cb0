import { connect as connectByTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { greeted, type RawClient, started } from '../raw-client.ts'
import { abusedDaemon, admin, servedBeside, unharmedBy } from './abused-daemon.ts'

const abused = abusedDaemon()

const start = (id: number) =>
  `{"jsonrpc":"2.0","id":${id},"method":"session.start","params":{"protocol":[1,0],"client":"test"}}`
const status = (id: number) => `{"jsonrpc":"2.0","id":${id},"method":"status.get"}`

async function expectGoodLineAnswered(client: RawClient, id: number): Promise<void> {
  client.send(status(id))
  expect(await client.next()).toMatchObject({ id, result: { listening: expect.anything() } })
}

describe('before login', () => {
  it.each([
    ['an HTTP POST', `POST / HTTP/1.1\r\nHost: x\r\n\r\n${start(1)}\r\n`, 'parse_error'],
    ['an HTTP GET', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'parse_error'],
    ["TLS's first bytes, then a line end", Buffer.from('16030100c8010000c4030300000a', 'hex'), 'parse_error'],
    ['a SOCKS5 greeting, then a line end', Buffer.from('0501000a', 'hex'), 'parse_error'],
    ['invalid UTF-8', Buffer.from('22ff220a', 'hex'), 'parse_error'],
    ['UTF-8 in too many bytes', Buffer.from('22c0af220a', 'hex'), 'parse_error'],
    ['a surrogate in UTF-8', Buffer.from('22eda080220a', 'hex'), 'parse_error'],
    ['a byte order mark', `\ufeff${start(1)}\n`, 'parse_error'],
    ['UTF-16', Buffer.from(`${start(1)}\n`, 'utf16le'), 'parse_error'],
    ['a NUL', '\0\n', 'parse_error'],
    ['a NUL in a string', `${start(1).replace('test', 'te\0st')}\n`, 'parse_error'],
    ['9 KiB without a line end', 'x'.repeat(9 * 1024), 'too_large'],
    ['9 KiB in one line', `"${'x'.repeat(9 * 1024)}"\n`, 'too_large'],
    ['a line of 100 kB in one chunk', `${start(1).padEnd(100_000)}\n`, 'too_large'],
    ['nesting of 8,000', `${'['.repeat(8000)}\n`, 'invalid_request'],
    ['a batch in 8 KiB', `[${Array(80).fill(start(1)).join()}]\n`, 'invalid_request'],
  ])('hangs up on %s', async (_, bytes, kind) => {
    await servedBeside(abused, async () => {
      const client = await greeted(abused.tcp)
      client.socket.write(bytes)
      // What follows the first bad line stays without an answer.
      client.socket.write(`\n${start(99)}\n`)
      expect(await client.rest()).toMatchObject([{ id: null, error: { data: { kind } } }])
      client.socket.end()
      expect(await client.closed).toBe(false)
    })
  })
})

it('fails the handshake of a TLS client on the plain port at once', async () => {
  await servedBeside(abused, async () => {
    const socket = connectByTls({ ...abused.tcp, rejectUnauthorized: false })
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.on('error', resolve))
    expect(error.code).toBe('ERR_SSL_WRONG_VERSION_NUMBER')
    socket.destroy()
  })
})

describe('once logged in', () => {
  it.each([
    ['invalid UTF-8', Buffer.from('22ff220a', 'hex'), 'parse_error'],
    ['a byte order mark', '\ufeff{}\n', 'parse_error'],
    ['a NUL', '\0\n', 'parse_error'],
    ['no JSON', '{]\n', 'parse_error'],
    ['a batch of 20,000', `[${Array(20_000).fill(status(1)).join()}]\n`, 'invalid_request'],
    ['nesting of 400,000', `${'['.repeat(400_000)}\n`, 'invalid_request'],
    ['nesting of 100,000 objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}\n`, 'invalid_request'],
    ['a line of 1 MiB', `"${'x'.repeat(1024 * 1024 - 2)}"\n`, 'invalid_request'],
  ])('refuses %s and goes on', async (_, bytes, kind) => {
    await servedBeside(abused, async () => {
      const client = await admin(abused)
      client.socket.write(bytes)
      expect(await client.next()).toMatchObject({ id: null, error: { data: { kind } } })
      await expectGoodLineAnswered(client, 99)
    })
  })

  it('takes blank lines, and CR before LF', async () => {
    const client = await admin(abused)
    client.socket.write(`\n\r\n\n${status(1)}\r\n`)
    expect(await client.next()).toMatchObject({ id: 1, result: expect.anything() })
  })

  it('reads a request byte by byte, characters in pieces too', async () => {
    const client = await admin(abused)
    const name = 'é😀'
    const line = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'users.remove', params: { name } })
    for (const byte of Buffer.from(`${line}\n`)) {
      client.socket.write(Buffer.of(byte))
      await new Promise(setImmediate)
    }
    expect((await client.next())?.error?.data.kind).toBe('not_found')
  })

  it('hangs up on a line of more than 1 MiB that comes in one piece', async () => {
    await servedBeside(abused, async () => {
      const client = await admin(abused)
      client.send(`"${'x'.repeat(1024 * 1024)}"`)
      expect(await client.rest()).toMatchObject([{ id: null, error: { data: { kind: 'too_large' } } }])
    })
  })

  it('hangs up on 300 MB without a line end, having kept little more than a line', async () => {
    await unharmedBy(abused, async () => {
      const client = await admin(abused)
      const sent = pour(client, 300 * 1024 * 1024)
      expect(await client.rest()).toMatchObject([{ id: null, error: { data: { kind: 'too_large' } } }])
      client.socket.destroy()
      await sent
    })
  })
})

it('ends in good order with a client that says 8 MB more before it listens', async () => {
  await servedBeside(abused, async () => {
    const client = await greeted(abused.tcp)
    await pour(client, 8 * 1024 * 1024)
    expect(await client.rest()).toMatchObject([{ id: null, error: { data: { kind: 'too_large' } } }])
    client.socket.end()
    expect(await client.closed).toBe(false)
  })
})

it('reads 1 MiB in chunks of a few bytes without growing', async () => {
  await unharmedBy(abused, async () => {
    const client = await greeted(abused.unix)
    await started(client)
    const line = Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"status.get"${' '.repeat(1024 * 1024 - 100)}}\n`)
    for (let at = 0; at < line.length; at += 500) {
      client.socket.write(line.subarray(at, at + 500))
      if (at % 50_000 === 0) await new Promise(setImmediate)
    }
    expect(await client.next()).toMatchObject({ id: 1, result: expect.anything() })
  })
})

/** Writes so many bytes as fast as they are taken, or until the connection is over. */
async function pour({ socket }: RawClient, total: number): Promise<void> {
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  for (let sent = 0; sent < total && socket.writable; sent += chunk.length) {
    await new Promise((resolve) => {
      socket.once('close', resolve)
      socket.write(chunk, () => {
        socket.off('close', resolve)
        resolve(undefined)
      })
    })
  }
}
