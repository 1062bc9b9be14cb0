import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { get } from 'node:http'
import { SocketAddress } from 'node:net'
import { text } from 'node:stream/consumers'
import { SocksClient, type SocksProxy } from 'socks'
import { SocksProxyAgent } from 'socks-proxy-agent'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { connectPeer, Peer } from '../helpers/peer.ts'
import { startTarget } from '../helpers/target.ts'
import { startUdpEcho } from '../helpers/udp-echo.ts'
import { startWebServer } from '../helpers/web-server.ts'

/** What most programs in JavaScript use: the package socks, and socks-proxy-agent on top of it. */

function proxyOf(daemon: Daemon): SocksProxy {
  return { host: '127.0.0.1', port: daemon.port('socks'), type: 5, userId: 'bob', password: 'hunter2' }
}

/** What the package's events carry. */
type Standing = Required<Awaited<ReturnType<typeof SocksClient.createConnection>>>

/** The package writes IPv6 at full length. */
function canonical(host: string): string {
  return new SocketAddress({ address: host, family: host.includes(':') ? 'ipv6' : 'ipv4' }).address
}

function fetch(url: string, agent: SocksProxyAgent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => resolve(text(response))).on('error', reject)
  })
}

describe.each(mostTelling)('npm clients through the %s engine', (engine) => {
  let daemon: Daemon
  beforeAll(async () => {
    const ends = new AsyncDisposableStack()
    daemon = await startDaemon(['--engine', engine, '-u', 'bob:hunter2'], { atEnd: ends.defer.bind(ends) })
    return () => ends.disposeAsync()
  })

  test.each(['127.0.0.1', '::1'])('socks: CONNECT to %s', async (host) => {
    const target = await startTarget(host)
    const destination = { host, port: target.port }
    const { socket } = await SocksClient.createConnection({ proxy: proxyOf(daemon), command: 'connect', destination })
    const [client, server] = [new Peer(socket), await target.next()]
    client.write('question')
    expect(await server.readText(8)).toBe('question')
    server.write('answer')
    server.finish()
    expect(await client.readTextToEnd()).toBe('answer')
  })

  test('socks: BIND for a peer', async () => {
    const client = new SocksClient({
      proxy: proxyOf(daemon),
      command: 'bind',
      destination: { host: '127.0.0.1', port: 0 },
    })
    client.connect()
    const [bound] = (await once(client, 'bound')) as [Standing]
    expect(bound.remoteHost).toEqual({ host: '127.0.0.1', port: expect.any(Number) })
    const standing = once(client, 'established') as Promise<[Standing]>
    const peer = await connectPeer('127.0.0.1', bound.remoteHost.port)
    const [{ socket, remoteHost }] = await standing
    expect(remoteHost).toEqual({ host: '127.0.0.1', port: peer.socket.localPort })
    peer.write('hello')
    expect(await new Peer(socket).readText(5)).toBe('hello')
    socket.write('welcome')
    expect(await peer.readText(7)).toBe('welcome')
  })

  test.each(['127.0.0.1', '::1'])('socks: UDP ASSOCIATE, datagrams to %s', async (host) => {
    const echo = await startUdpEcho(host)
    const destination = { host: '0.0.0.0', port: 0 }
    const client = new SocksClient({ proxy: proxyOf(daemon), command: 'associate', destination })
    client.connect()
    const [{ socket, remoteHost: relay }] = (await once(client, 'established')) as [Standing]
    onTestFinished(() => void socket.destroy())
    const datagrams = createSocket('udp4')
    onTestFinished(() => void datagrams.close())
    const remoteHost = { host, port: echo.port }
    const answer = once(datagrams, 'message')
    datagrams.send(SocksClient.createUDPFrame({ remoteHost, data: Buffer.from('question') }), relay.port, relay.host)
    const { remoteHost: source, data } = SocksClient.parseUDPFrame((await answer)[0])
    expect([canonical(source.host), source.port, `${data}`]).toEqual([host, echo.port, 'question'])
  })

  test('socks-proxy-agent: pages by name and by address, and none without the password', async () => {
    const url = await startWebServer('127.0.0.1', (_, response) => response.end('hello'))
    const agent = (login: string) => new SocksProxyAgent(`socks5h://${login}@127.0.0.1:${daemon.port('socks')}`)
    expect(await fetch(url, agent('bob:hunter2'))).toBe('hello')
    expect(await fetch(url.replace('127.0.0.1', 'localhost'), agent('bob:hunter2'))).toBe('hello')
    await expect(fetch(url, agent('bob:wrong'))).rejects.toThrow(/authentication failed/i)
  })
})
