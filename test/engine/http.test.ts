import { describe, expect, it } from 'vitest'
import { State, Total } from '../../daemon/engine/session-table.ts'
import { everybody } from '../../daemon/engine/shared/limit-lines.ts'
import { bytes } from '../helpers/bytes.ts'
import { startEcho } from '../helpers/echo.ts'
import { alice, enginesOfOneLoop, sharedProxy, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { startTarget } from '../helpers/target.ts'

const stands = 'HTTP/1.1 200 Connection established\r\n\r\n'
const login = `Proxy-Authorization: Basic ${btoa(`${alice.name}:${alice.password}`)}\r\n`

/** The head of the next reply of the proxy's own, and its text. */
async function readReply(client: Peer): Promise<string> {
  let head = ''
  while (!head.endsWith('\r\n\r\n')) head += await client.readText(1)
  const length = Number(/^Content-Length: (\d+)$/m.exec(head)?.[1])
  return head + (await client.readText(length))
}

describe.each(enginesOfOneLoop)('$kind engine: clients of HTTP and SOCKS 4', ({ start }) => {
  const open = sharedProxy(start, { rules: 'deny to zero.test' })
  const locked = sharedProxy(start, { passwordRequired: true })

  it('are connected by CONNECT, and what they say behind it goes first', async () => {
    const [proxy, port] = [await open(), await startEcho()]
    const client = await proxy.client()
    client.write(`CONNECT one.test:${port} HTTP/1.1\r\nHost: one.test\r\n\r\nfirst`)
    expect(await client.readText(stands.length)).toBe(stands)
    client.write(', second')
    client.finish()
    expect(await client.readTextToEnd()).toBe('first, second')
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'finished', name: 'one.test', up: 13, down: 13 })
  })

  it('have a request in absolute form passed on, with a body of any size', async () => {
    const [proxy, target] = [await open(), await startTarget()]
    const client = await proxy.client()
    const body = Buffer.alloc(3_000_000, 'body')
    const long = 'x'.repeat(60_000)
    client.write(
      `PUT http://one.test:${target.port}/p HTTP/1.1\r\nX: ${long}\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    client.write(body)
    const origin = await target.next()
    const passed = `PUT /p HTTP/1.1\r\nHost: one.test:${target.port}\r\nx: ${long}\r\ncontent-length: ${body.length}\r\nConnection: close\r\n\r\n`
    expect(await origin.readText(passed.length)).toBe(passed)
    expect((await origin.read(body.length)).equals(body)).toBe(true)
    origin.write('HTTP/1.1 204 No Content\r\n\r\n')
    origin.finish()
    expect(await client.readTextToEnd()).toBe('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n')
    client.finish()
    await proxy.empty()
  })

  it('are refused a head of many lines, which all others would wait for, and answered for a server that has one', async () => {
    const [proxy, target] = [await open(), await startTarget()]
    const line = `GET http://one.test:${target.port}/ HTTP/1.1\r\n`
    const fields = 'a:\r\n'.repeat(511)
    const client = await proxy.client()
    client.write(`${line}${fields}`)
    expect(await readReply(client)).toMatch(/^HTTP\/1\.1 431 .* 512 lines\n$/s)
    client.finish()
    const other = await proxy.client()
    other.write(`${line}\r\n`)
    const origin = await target.next()
    origin.write(`HTTP/1.1 200 OK\r\n${fields}\r\n`)
    origin.finish()
    expect(await other.readTextToEnd()).toMatch(/^HTTP\/1\.1 502 /)
    other.finish()
    await proxy.empty()
  })

  it('hear that the connection ends behind the answer, of any size, however its head comes', async () => {
    const [proxy, target] = [await open(), await startTarget()]
    const body = Buffer.alloc(3_000_000, 'answer')
    const long = `X: ${'x'.repeat(30_000)}\r\n`
    const get = async () => {
      const client = await proxy.client()
      client.write(`GET http://one.test:${target.port}/ HTTP/1.1\r\n\r\n`)
      return [client, await target.next()] as const
    }
    const [client, origin] = await get()
    const interim = 'HTTP/1.1 100 Continue\r\n\r\n'
    origin.write(`${interim}HTTP/1.1 200 OK\r\n`)
    expect(await client.readText(interim.length)).toBe(interim)
    origin.write(`Keep-Alive: 5\r\nConnection: keep-alive\r\n${long}`)
    origin.write(`Content-Length: ${body.length}\r\n\r\n`)
    origin.write(body)
    const head = `HTTP/1.1 200 OK\r\n${long}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`
    expect(await client.readText(head.length)).toBe(head)
    expect((await client.read(body.length)).equals(body)).toBe(true)
    client.finish()
    await origin.discard()
    origin.finish()
    await client.discard()
    expect(await proxy.onlyClosed()).toMatchObject({ down: interim.length + head.length + body.length })

    // Its end comes in the middle of what may be a head, of which a client would not know that the connection ends.
    for (const isAtOnce of [true, false]) {
      const [other, server] = await get()
      server.write('HTTP/1.1 200 OK\r\nA: ')
      if (!isAtOnce) await eventually(() => expect(proxy.rows()).toMatchObject([{ state: State.open }]))
      server.finish()
      expect(await other.readTextToEnd()).toMatch(/^HTTP\/1\.1 502 [\s\S]*\r\n\r\n.*:\nHTTP\/1\.1 200 OK\r\nA: $/)
      other.finish()
      await proxy.empty()
    }
  })

  it.each([
    ['a body', 'Content-Length: 4\r\n', 'body'],
    ['a body in chunks', 'Transfer-Encoding: chunked\r\n', '4\r\nbody\r\n0\r\n\r\n'],
  ])('may send an empty line behind %s, as old ones do', async (_, field, body) => {
    const [proxy, target] = [await open(), await startTarget()]
    for (const isAtOnce of [true, false]) {
      const client = await proxy.client()
      client.write(`POST http://one.test:${target.port}/ HTTP/1.1\r\n${field}\r\n`)
      const origin = await target.next()
      const head = `POST / HTTP/1.1\r\nHost: one.test:${target.port}\r\n${field.toLowerCase()}Connection: close\r\n\r\n`
      expect(await origin.readText(head.length)).toBe(head)
      client.write(isAtOnce ? `${body}\r\n` : body)
      expect(await origin.readText(body.length)).toBe(body)
      if (!isAtOnce) client.write('\r\n')
      client.finish()
      expect(await origin.readTextToEnd()).toBe('')
      origin.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      origin.finish()
      expect(await client.readTextToEnd()).toMatch(/\r\nConnection: close\r\n\r\nok$/)
    }
    await proxy.empty()
  })

  it('go on in another protocol once the destination says so, and not before', async () => {
    const [proxy, target] = [await open(), await startTarget()]
    const ask = 'Connection: upgrade\r\nUpgrade: websocket\r\n'
    for (const [said, isGranted] of [
      ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n', true],
      ['HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n', false],
    ] as const) {
      const client = await proxy.client()
      client.write(`POST http://one.test:${target.port}/ HTTP/1.1\r\n${ask}Content-Length: 4\r\n\r\n`)
      const origin = await target.next()
      const head = `POST / HTTP/1.1\r\nHost: one.test:${target.port}\r\ncontent-length: 4\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n`
      client.write('body')
      expect(await origin.readText(head.length + 4)).toBe(`${head}body`)
      origin.write(said)
      expect(await client.readText(said.length)).toBe(said)
      const words = Buffer.alloc(300_000, 'words')
      client.write(words)
      if (isGranted) {
        expect((await origin.read(words.length)).equals(words)).toBe(true)
        client.finish()
        origin.finish()
        expect(await client.readTextToEnd()).toBe('')
      } else {
        expect(await origin.discard()).toBe('ECONNRESET')
        expect(origin.socket.bytesRead).toBe(head.length + 4)
      }
    }
    await proxy.empty()
  })

  it('are broken off by what comes in another protocol before it is granted, of which a part would be lost', async () => {
    const proxy = await open()
    const client = await proxy.client()
    client.write(
      `GET http://one.test:${await startEcho()}/ HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nwords`,
    )
    expect(await client.discard()).toBe('ECONNRESET')
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'malformed' })
  })

  it.each([
    ['no body', '', ''],
    ['a body', 'Content-Length: 4\r\n', 'body'],
    ['a body in chunks', 'Transfer-Encoding: chunked\r\n', '4\r\nbody\r\n0\r\n\r\n'],
  ])('have no other request reach the destination of the first, behind %s', async (_, field, body) => {
    const [proxy, target] = [await open(), await startTarget()]
    for (const isAtOnce of [true, false]) {
      const client = await proxy.client()
      const other = 'GET http://other.test/ HTTP/1.1\r\nCookie: secret\r\n\r\n'
      client.write(`POST http://one.test:${target.port}/ HTTP/1.1\r\n${field}\r\n${body}${isAtOnce ? other : ''}`)
      const origin = await target.next()
      const head = `POST / HTTP/1.1\r\nHost: one.test:${target.port}\r\n${field.toLowerCase()}Connection: close\r\n\r\n`
      expect(await origin.readText(head.length + body.length)).toBe(head + body)
      origin.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      expect(await client.readText(15)).toBe('HTTP/1.1 200 OK')
      client.write(other)
      expect(await client.discard()).toBe('ECONNRESET')
      expect(await origin.discard()).toBe('ECONNRESET')
      expect(origin.socket.bytesRead).toBe(head.length + body.length)
    }
    await proxy.empty()
  })

  it.each(['5\nhello', '0x5\r\nhello\r\n0\r\n\r\n', `${'F'.repeat(17)}\r\n`])(
    'are broken off by a body in chunks that has none, though it comes with the head: %j',
    async (body) => {
      const proxy = await open()
      const client = await proxy.client()
      client.write(`POST http://one.test:${await startEcho()}/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${body}`)
      expect(await client.discard()).toBe('ECONNRESET')
      expect(await proxy.onlyClosed()).toMatchObject({ reason: 'malformed' })
    },
  )

  it('are held to a rate by the head that goes on, too', async () => {
    const [proxy, target] = [await startProxy(start), await startTarget()]
    await proxy.limit(everybody, { rateUp: 200_000 })
    const client = await proxy.client()
    const long = 'x'.repeat(60_000)
    client.write(`PUT http://one.test:${target.port}/ HTTP/1.1\r\nX: ${long}\r\nContent-Length: 60000\r\n\r\n${long}`)
    const origin = await target.next()
    const head = `PUT / HTTP/1.1\r\nHost: one.test:${target.port}\r\nx: ${long}\r\ncontent-length: 60000\r\nConnection: close\r\n\r\n`
    expect((await origin.readText(head.length + 60_000)) === head + long).toBe(true)
    client.reset()
    await proxy.empty()
    expect(proxy.total(Total.up)).toBe(head.length + 60_000)
    expect(proxy.total(Total.pacedUp)).toBeGreaterThan(0)
  })

  it('log in on the connection on which they were told to', async () => {
    const [proxy, port] = [await locked(), await startEcho()]
    const client = await proxy.client()
    client.write(`CONNECT one.test:${port} HTTP/1.1\r\n\r\n`)
    expect(await readReply(client)).toMatch(/^HTTP\/1\.1 407 .*\r\nProxy-Authenticate: Basic realm="proxyd"/)
    client.write(`CONNECT one.test:${port} HTTP/1.1\r\n${login}\r\n`)
    expect(await client.readText(stands.length)).toBe(stands)
    expect(proxy.rows()).toMatchObject([{ user: alice.index }])
    client.finish()
    await client.discard()
    expect([proxy.total(Total.loggedIn), proxy.total(Total.denied)]).toEqual([1, 0])
  })

  it('are denied when they leave instead, or log in as nobody that there is', async () => {
    const proxy = await locked()
    const asked = await proxy.client()
    asked.write('CONNECT one.test:80 HTTP/1.1\r\n\r\n')
    await readReply(asked)
    asked.finish()
    await asked.discard()
    expect(await proxy.onlyClosed()).toMatchObject({ reason: 'denied', name: '' })
    const wrong = await proxy.client()
    wrong.write(`GET http://one.test/ HTTP/1.1\r\n${login.replace(/ \S+\r/, ` ${btoa('bob:secret')}\r`)}\r\n`)
    expect(await readReply(wrong)).toContain('\r\nConnection: close\r\n')
    wrong.finish()
    await proxy.empty()
    expect(proxy.closed()).toContainEqual(expect.objectContaining({ reason: 'denied', name: 'bob' }))
    expect(proxy.total(Total.denied)).toBe(1)
  })

  it.each([
    ['CONNECT dead.test:1', '502', 'connection_refused', 'refused'],
    ['CONNECT nowhere.test:1', '502', 'dns_error', 'notFound'],
    ['CONNECT zero.test:1', '403', 'http_request_denied', 'forbidden'],
    ['GET http://dead.test:1/', '502', 'connection_refused', 'refused'],
    ['GET /', '400', 'http_request_error', 'unsupported'],
  ])('are told what came of %s: %s %s', async (line, code, error, reason) => {
    const proxy = await open()
    const client = await proxy.client()
    client.write(`${line} HTTP/1.1\r\nHost: one.test\r\n\r\n`)
    const reply = await client.readTextToEnd()
    client.finish()
    expect(reply).toMatch(new RegExp(`^HTTP/1\\.1 ${code} [^]*\\r\\nProxy-Status: proxyd; error=${error}\\r\\n`))
    expect(reply).toMatch(/\r\n\r\n[ -~]+\n$/)
    expect(await proxy.onlyClosed()).toMatchObject({ reason })
  })

  it('are connected by SOCKS 4 and 4A', async () => {
    const [proxy, port] = [await open(), await startEcho()]
    for (const [address, name] of [
      [bytes(127, 0, 0, 1), bytes()],
      [bytes(0, 0, 0, 1), bytes('one.test', 0)],
    ] as const) {
      const client = await proxy.client()
      client.write(bytes(4, 1, port >> 8, port & 0xff, address, 'me', 0, name, 'early'))
      expect(await client.readHex(8)).toMatch(/^005a....7f000001$/)
      client.finish()
      expect(await client.readTextToEnd()).toBe('early')
    }
    await proxy.empty()
  })

  it('wait by SOCKS 4 for somebody to come', async () => {
    const proxy = await open()
    const client = await proxy.client()
    client.write(bytes(4, 2, 0, 0, 127, 0, 0, 1, 0))
    const reply = await client.read(8)
    expect(reply.toString('hex')).toMatch(/^005a....7f000001$/)
    const peer = await connectPeer('127.0.0.1', reply.readUInt16BE(2))
    expect((await client.readHex(8)).slice(0, 4)).toBe('005a')
    peer.write('hello')
    expect(await client.readText(5)).toBe('hello')
    client.reset()
    await peer.ending
  })

  it('are refused by SOCKS 4 where a password is required, and when nobody listens', async () => {
    for (const shared of [locked, open]) {
      const proxy = await shared()
      const client = await proxy.client()
      client.write(bytes(4, 1, 0, 1, 127, 0, 0, 2, 0))
      expect((await client.readToEnd()).toString('hex')).toBe(`005b${'00'.repeat(6)}`)
      client.finish()
      expect(await proxy.onlyClosed()).toMatchObject({ reason: shared === locked ? 'denied' : 'refused' })
    }
  })

  it('are let go without a word by what the settings leave out', async () => {
    const proxy = await startProxy(start, { protocols: [] })
    const heard = async (said: Uint8Array) => {
      const client = await proxy.client()
      client.write(said)
      client.finish()
      return client.readTextToEnd()
    }
    for (const said of [bytes(5, 1, 0), bytes(4, 1, 0, 1), bytes('CONNECT a:1 HTTP/1.1\r\n\r\n'), bytes(0x16, 3)])
      expect(await heard(said)).toBe('')
    await proxy.empty()
    expect(proxy.closed().map(({ reason }) => reason)).toEqual(Array(4).fill('unsupported'))
  })
})
