import { describe, expect, test } from 'vitest'
import { writeIdentity } from '../control/tls-client.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { expectRefusal, greeting, greetingForLogin, login, request } from '../helpers/socks-client.ts'

/** The port of management by TLS. */
function tlsPort(daemon: Daemon): number {
  const address = daemon.listening('control').find((at) => at.startsWith('tls:'))
  return Number(address?.split(':').at(-1))
}

describe.each(['portable', 'linux'])('with the %s engine', (engine) => {
  test('no client of the proxy reaches management, by address or by name, and changes of users leave it so', async () => {
    const { cert, key } = await writeIdentity(makeCertificate('127.0.0.1'))
    const tls = ['--control-tls-addr', '0.0.0.0', '--control-tls-port', '0', '--control-tls-cert', cert]
    const daemon = await startDaemon(['--engine', engine, ...tls, '--control-tls-key', key])
    const places: [string, number][] = [
      ...['127.0.0.1', '::1', '0.0.0.0', '::', '::ffff:127.0.0.1', 'localhost'].map((host): [string, number] => [
        host,
        daemon.port('control'),
      ]),
      ['127.0.0.1', tlsPort(daemon)],
      ['127.9.8.7', tlsPort(daemon)],
    ]
    for (const [host, port] of places) {
      const client = await connectPeer('127.0.0.1', daemon.port('socks'))
      client.write(greeting)
      expect(await client.readHex(2)).toBe('0500')
      client.write(request(host, port))
      await expectRefusal(client, '02')
    }

    await (await operate(daemon)).call('users.add', { name: 'bob', password: 'hunter2' })
    const bob = await connectPeer('127.0.0.1', daemon.port('socks'))
    bob.write(greetingForLogin)
    expect(await bob.readHex(2)).toBe('0502')
    bob.write(login('bob', 'hunter2'))
    expect(await bob.readHex(2)).toBe('0100')
    bob.write(request('127.0.0.1', daemon.port('control')))
    await expectRefusal(bob, '02')
  })
})
