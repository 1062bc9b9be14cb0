import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { engines, type ProxyUnderTest, sharedProxy } from '../helpers/engine.ts'
import { expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startUdpEcho } from '../helpers/udp-echo.ts'

const loopback = bytes(1, 127, 0, 0, 1)

/** A datagram to this ATYP, DST.ADDR and DST.PORT. */
function datagram(to: Uint8Array, port: number, payload: string, fragment = 0): Uint8Array {
  return bytes(0, 0, fragment, to, port >> 8, port & 0xff, payload)
}

function named(name: string): Uint8Array {
  return bytes(3, name.length, name)
}

/** What must be dropped, although its payload could be sent to the server. */
const bad: readonly { readonly title: string; readonly made: (port: number) => Uint8Array }[] = [
  { title: 'nothing', made: () => bytes() },
  { title: '1 byte', made: () => bytes(0) },
  { title: 'a fragment', made: (port) => datagram(loopback, port, 'a fragment', 1) },
  { title: 'the last of fragments', made: (port) => datagram(loopback, port, 'the last of fragments', 0x81) },
  { title: 'ATYP 0', made: (port) => datagram(bytes(0, 127, 0, 0, 1), port, 'ATYP 0') },
  { title: 'ATYP 9', made: (port) => datagram(bytes(9, 127, 0, 0, 1), port, 'ATYP 9') },
  { title: 'cut short in the address', made: (port) => datagram(loopback, port, '').subarray(0, 6) },
  { title: 'cut short in the port', made: (port) => datagram(loopback, port, '').subarray(0, 9) },
  { title: 'IPv6 cut short', made: (port) => datagram(bytes(4, 127, 0, 0, 1), port, '') },
  { title: 'a name cut short', made: () => bytes(0, 0, 0, 3, 200, 'localhost') },
  { title: 'a name of length 0', made: (port) => datagram(named(''), port, 'a name of length 0') },
  { title: 'a name with a NUL', made: (port) => datagram(named('one.test\0'), port, 'a name with a NUL') },
  { title: 'a name that does not exist', made: (port) => datagram(named('unknown.test'), port, 'unknown') },
  { title: 'port 0', made: () => datagram(loopback, 0, 'port 0') },
]

/** What must be delivered, and all of whose payload comes back, from this source. */
const good = [
  { title: 'an address', to: loopback, payload: 'to an address' },
  { title: 'nothing to say', to: loopback, payload: '' },
  { title: 'a name', to: named('one.test'), payload: 'to a name' },
  { title: 'a literal as a name', to: named('127.0.0.1'), payload: 'to a literal' },
  {
    title: 'a v4-mapped address',
    to: bytes(4, new Uint8Array(10), 0xff, 0xff, loopback.subarray(1)),
    payload: 'mapped',
  },
  { title: 'much to say', to: loopback, payload: 'x'.repeat(60_000) },
]

async function bound(address: string): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(0, address)
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return socket
}

/** Sends from `socket`, and gives what comes back next. */
async function exchange(socket: Socket, relay: number, sent: Uint8Array): Promise<string> {
  const answer = once(socket, 'message')
  socket.send(sent, relay, '127.0.0.1')
  return ((await answer)[0] as Buffer).toString('latin1')
}

/** A client with an association that declares to send from this port (0: any) and address; resolves to the relay's. */
async function associate(proxy: ProxyUnderTest, from = 0, address = '0.0.0.0') {
  const client = await proxy.client()
  client.write(bytes(greeting, 5, 3, request(address, from).subarray(2)))
  expect(await client.readHex(2)).toBe('0500')
  const relay = await expectReply(client, succeeded)
  expect(relay.address).toBe('127.0.0.1')
  return { client, relay: relay.port }
}

describe.each(engines)('$kind engine: datagrams', ({ start }) => {
  const shared = sharedProxy(start)

  it('that are bad are dropped, and those around them delivered to the byte', async () => {
    const [proxy, echo, socket] = [await shared(), await startUdpEcho(), await bound('127.0.0.1')]
    const { relay } = await associate(proxy)
    const answers: string[] = []
    for (const { to, payload } of good) {
      for (const { made } of bad) socket.send(made(echo.port), relay, '127.0.0.1')
      answers.push(await exchange(socket, relay, datagram(to, echo.port, payload)))
    }
    const expected = good.map(({ payload }) => Buffer.from(datagram(loopback, echo.port, payload)).toString('latin1'))
    expect(answers).toEqual(expected)
    expect(echo.heard).toEqual(good.map(({ payload }) => payload))
  })

  it('of an address other than the client are dropped, though they come first', async () => {
    const [proxy, echo] = [await shared(), await startUdpEcho()]
    const [stranger, owner] = [await bound('127.0.0.2'), await bound('127.0.0.1')]
    const { relay } = await associate(proxy)
    stranger.send(datagram(loopback, echo.port, 'stranger'), relay, '127.0.0.1')
    await exchange(owner, relay, datagram(loopback, echo.port, 'owner'))
    expect(echo.heard).toEqual(['owner'])
  })

  it('of a port other than the declared one are dropped', async () => {
    const [proxy, echo] = [await shared(), await startUdpEcho()]
    const [other, declared] = [await bound('127.0.0.1'), await bound('127.0.0.1')]
    const { relay } = await associate(proxy, declared.address().port)
    other.send(datagram(loopback, echo.port, 'other'), relay, '127.0.0.1')
    await exchange(declared, relay, datagram(loopback, echo.port, 'declared'))
    expect(echo.heard).toEqual(['declared'])
  })

  it('of any port are delivered if the port that was declared is that of the target', async () => {
    const [proxy, echo, socket] = [await shared(), await startUdpEcho(), await bound('127.0.0.1')]
    const { relay } = await associate(proxy, echo.port, '127.0.0.1')
    await exchange(socket, relay, datagram(loopback, echo.port, 'to the target'))
    expect(echo.heard).toEqual(['to the target'])
  })

  it('of a port other than that of the first are dropped', async () => {
    const [proxy, echo] = [await shared(), await startUdpEcho()]
    const [first, second] = [await bound('127.0.0.1'), await bound('127.0.0.1')]
    const { relay } = await associate(proxy)
    await exchange(first, relay, datagram(loopback, echo.port, 'first'))
    second.send(datagram(loopback, echo.port, 'second'), relay, '127.0.0.1')
    await exchange(first, relay, datagram(loopback, echo.port, 'first again'))
    expect(echo.heard).toEqual(['first', 'first again'])
  })

  it('go nowhere once the control connection is over', async () => {
    const [proxy, echo, socket] = [await shared(), await startUdpEcho(), await bound('127.0.0.1')]
    const { client, relay } = await associate(proxy)
    await exchange(socket, relay, datagram(loopback, echo.port, 'before'))
    client.finish()
    await client.discard()
    await proxy.empty()
    socket.send(datagram(loopback, echo.port, 'behind'), relay, '127.0.0.1')
    const next = await associate(proxy)
    const other = await bound('127.0.0.1')
    await exchange(other, next.relay, datagram(loopback, echo.port, 'of the next'))
    expect(echo.heard).toEqual(['before', 'of the next'])
  })
})
