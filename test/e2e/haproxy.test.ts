import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeCertificate } from '../helpers/certificate.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer, Peer } from '../helpers/peer.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startWebServer } from '../helpers/web-server.ts'

const haproxy = findProgram('haproxy')
const curl = findProgram('curl')
const shipped = fileURLToPath(new URL('../../docs/haproxy.cfg', import.meta.url))

interface Balancer {
  readonly plain: number
  readonly tls: number
  /** Whom its TLS is to be trusted for, as PEM. */
  readonly certificate: string
  /** What HAProxy says of proxyd: `UP` once its check has been answered, with the check's own word. */
  health(): Promise<string>
}

/** HAProxy by the file that is shipped, on other ports, in front of this daemon. */
async function startBalancer(daemon: Daemon): Promise<Balancer> {
  const folder = await temporaryFolder()
  const [config, pem, socket] = ['haproxy.cfg', 'proxyd.pem', 'stats'].map((name) => join(folder, name))
  const { cert, key } = makeCertificate('proxy.test')
  const [plain, tls] = [await freePort(), await freePort()]
  const changes: readonly (readonly [shipped: string, here: string])[] = [
    ['defaults\n', `global\n  stats socket ${socket}\ndefaults\n`],
    ['bind :1080', `bind 127.0.0.1:${plain}`],
    ['bind :1443 ssl crt /etc/haproxy/proxyd.pem', `bind 127.0.0.1:${tls} ssl crt ${pem}`],
    ['127.0.0.1:1081', `127.0.0.1:${daemon.port('socks')}`],
    // A check has 200 ms, and is late now and then on a busy machine: that is no reason to send nobody there.
    ['inter 2s', 'inter 200ms fall 1000'],
  ]
  let text = await readFile(shipped, 'utf8')
  for (const [there, here] of changes) {
    expect(text).toContain(there)
    text = text.replace(there, here)
  }
  await Promise.all([writeFile(config ?? '', text), writeFile(pem ?? '', cert + key, { mode: 0o600 })])
  const child = spawn(haproxy ?? '', ['-db', '-f', config ?? ''], { stdio: 'ignore' })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const health = async () => {
    const stats = new Peer(createConnection(socket ?? ''))
    stats.write('show stat\n')
    const [head = '', ...lines] = (await stats.readTextToEnd()).split('\n')
    const server = lines.find((line) => line.startsWith('proxyd,proxyd,'))?.split(',') ?? []
    return ['status', 'check_status'].map((name) => server[head.split(',').indexOf(name)]).join(' ')
  }
  await eventually(async () => expect(await health()).toBe('UP L7OK'))
  return { plain, tls, certificate: cert, health }
}

describe.skipIf(!haproxy || !curl).each(mostTelling)('%s engine, behind HAProxy', (engine) => {
  test('clients are who they are, plain and within TLS, and its checks nobody', async () => {
    const log = join(await temporaryFolder(), 'access.log')
    const flags = ['--engine', engine, '-u', 'bob:hunter2', '--proxy-protocol-from', '127.0.0.1', '--access-log', log]
    const daemon = await startDaemon(flags)
    await daemon.logs(/SOCKS is only for connections from 127\.0\.0\.1 that begin with a PROXY protocol header/)
    const { plain, tls, certificate, health } = await startBalancer(daemon)
    const client = await operate(daemon)
    expect((await client.call('status.get')).result).toMatchObject({
      health: { balancers: ['127.0.0.1'] },
      sample: { accepted: 0, failed: 0 },
    })
    expect((await exec(daemon, 'health')).stdout).toMatch(/^balancer +SOCKS is for connections from 127\.0\.0\.1 /m)

    // From an address of its own, which HAProxy does not have.
    const url = await startWebServer('127.0.0.1', (_, response) => response.end('hello'))
    const args = ['-sS', '--max-time', '60', '--interface', '127.0.0.5']
    const outcome = await run(curl ?? '', [...args, '--proxy', `socks5h://bob:hunter2@127.0.0.1:${plain}`, url])
    expect(outcome).toEqual({ status: 0, stdout: 'hello', stderr: '' })

    const target = await startTarget('127.0.0.1')
    const { socket } = await connectPeer('127.0.0.1', tls, '127.0.0.6')
    const secure = connectTls({ socket, ca: certificate, servername: 'proxy.test' })
    await once(secure, 'secureConnect')
    const peer = new Peer(secure)
    peer.write(greetingForLogin)
    expect(await peer.readHex(2)).toBe('0502')
    peer.write(login('bob', 'hunter2'))
    expect(await peer.readHex(2)).toBe('0100')
    peer.write(request(target.host, target.port))
    await expectReply(peer, succeeded)
    const server = await target.next()
    peer.write('through TLS')
    expect(await server.readText(11)).toBe('through TLS')
    const source = `127.0.0.6:${socket.localPort}`
    // A check may be under way.
    await eventually(async () => {
      const { connections } = (await client.call('connections.list', {})).result
      expect(connections).toMatchObject([{ client: source, user: 'bob' }])
    })
    peer.finish()
    server.finish()
    await peer.discard()

    await eventually(async () => {
      const lines = (await readFile(log, 'utf8')).trim().split('\n')
      expect(lines.map((line) => JSON.parse(line).source)).toEqual([expect.stringMatching(/^127\.0\.0\.5:/), source])
    })
    // Who does not come by it is reset, whatever is checked meanwhile.
    const stranger = connectPeer('127.0.0.1', daemon.port('socks'), '127.0.0.5').then(
      (each) => each.discard(),
      ({ code }) => code,
    )
    expect(await stranger).toBe('ECONNRESET')
    await eventually(async () => expect(await health()).toBe('UP L7OK'))
    expect((await client.call('status.get')).result.sample).toMatchObject({ accepted: 2, failed: 0 })
  })
})
