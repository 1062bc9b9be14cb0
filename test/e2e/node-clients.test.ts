import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { SocksClient, type SocksProxy } from 'socks'
import { SocksProxyAgent } from 'socks-proxy-agent'
import { describe, expect, test } from 'vitest'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { Peer } from '../helpers/peer.ts'
import { startTarget } from '../helpers/target.ts'
import { startWebServer } from '../helpers/web-server.ts'

/** What most programs in JavaScript use: the package socks, and socks-proxy-agent on top of it. */

function proxyOf(daemon: Daemon): SocksProxy {
  return { host: '127.0.0.1', port: daemon.port('socks'), type: 5, userId: 'bob', password: 'hunter2' }
}

function fetch(url: string, agent: SocksProxyAgent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => resolve(text(response))).on('error', reject)
  })
}

describe.each(['portable', 'linux'])('npm clients through the %s engine', (engine) => {
  const start = () => startDaemon(['--engine', engine, '-u', 'bob:hunter2'])

  test.each(['127.0.0.1', '::1'])('socks: CONNECT to %s', async (host) => {
    const [daemon, target] = [await start(), await startTarget(host)]
    const destination = { host, port: target.port }
    const { socket } = await SocksClient.createConnection({ proxy: proxyOf(daemon), command: 'connect', destination })
    const [client, server] = [new Peer(socket), await target.next()]
    client.write('question')
    expect(await server.readText(8)).toBe('question')
    server.write('answer')
    server.finish()
    expect(await client.readTextToEnd()).toBe('answer')
  })

  test('socks-proxy-agent: pages by name and by address, and none without the password', async () => {
    const daemon = await start()
    const url = await startWebServer('127.0.0.1', (_, response) => response.end('hello'))
    const agent = (login: string) => new SocksProxyAgent(`socks5h://${login}@127.0.0.1:${daemon.port('socks')}`)
    expect(await fetch(url, agent('bob:hunter2'))).toBe('hello')
    expect(await fetch(url.replace('127.0.0.1', 'localhost'), agent('bob:hunter2'))).toBe('hello')
    await expect(fetch(url, agent('bob:wrong'))).rejects.toThrow(/authentication failed/i)
  })
})
