import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { mostTelling } from '../helpers/most-telling.ts'
import { run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** In a network of its own, where this process may give itself addresses that are not loopback. */
const unshare = ['--net', '--map-root-user', 'sh', '-c']
const mayUnshare = (await run('unshare', [...unshare, 'ip link set lo up'])).status === 0
const program = (file: string) => fileURLToPath(new URL(`../../dist/${file}`, import.meta.url))

/**
 * Asks a daemon of its own for the target on loopback, from this machine and from elsewhere, and then for a port at which
 * nobody listens, more often than there are ports to dial from; prints each REP.
 */
const script = (engine: string, folder: string) => `
const { once } = await import('node:events')
const { connect, createServer } = await import('node:net')
const { execFileSync, spawn } = await import('node:child_process')
const state = ['--state-dir', '${folder}/state', '--runtime-dir', '${folder}/run']
const args = ['-l', '0.0.0.0', '-p', '1080', '-P', '0', '--open-proxy', '--engine', '${engine}', ...state]
const daemon = spawn(process.execPath, ['${program('proxyd.js')}', ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
for await (const chunk of daemon.stdout) if (/^ready$/m.test(chunk)) break
const target = createServer((socket) => socket.end()).listen(80, '127.0.0.1')
let localPort = 20000
const ask = async (from, to, host, name, port = 80) => {
  const socket = connect({ host: to, port: 1080, localAddress: from, localPort: localPort++ }).on('error', () => {})
  const place = name ? [3, name.length, ...Buffer.from(name)] : [1, ...host.split('.').map(Number)]
  socket.write(Uint8Array.from([5, 1, 0, 5, 1, 0, ...place, port >> 8, port & 255]))
  const heard = []
  while (heard.length < 4) heard.push(...(await once(socket, 'data'))[0])
  socket.destroy()
  return heard[3]
}
const exec = (line) =>
  execFileSync(process.execPath, ['${program('proxy-tui.js')}', '--runtime-dir', '${folder}/run', '--exec', line])
const askAll = async () => [
  await ask('127.0.0.1', '127.0.0.1', '127.0.0.1'),
  await ask('203.0.114.2', '203.0.114.1', '127.0.0.1'),
  await ask('203.0.114.2', '203.0.114.1', '', 'localhost'),
]
const replies = [await askAll()]
exec('rules add allow to any')
replies.push(await askAll())
exec('rules add allow to 127.0.0.0/8 port 80')
replies.push(await askAll())
const alone = []
for (let i = 0; i < 100; i++) alone.push(await ask('127.0.0.1', '127.0.0.1', '127.0.0.1', undefined, 40010))
replies.push([...new Set(alone)])
console.log(JSON.stringify(replies))
daemon.kill()
await once(daemon, 'close')
process.exit(0)`

it.skipIf(!mayUnshare).each(mostTelling)(
  'whoever is not on loopback reaches it by a rule that names it only, and no dial reaches itself: %s engine',
  async (engine) => {
    const addresses = ['203.0.114.1', '203.0.114.2'].map((address) => `ip addr add ${address}/32 dev lo`)
    const ports = 'echo 40000 40019 > /proc/sys/net/ipv4/ip_local_port_range'
    const commands = ['ip link set lo up', ports, ...addresses, 'exec "$0" --input-type=module --eval "$1"']
    const text = script(engine, await temporaryFolder())
    const { stdout, stderr } = await run('unshare', [...unshare, commands.join(' && '), process.execPath, text])
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([[0, 2, 2], [0, 2, 2], [0, 0, 0], [5]])
  },
)
