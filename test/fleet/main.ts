import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../helpers/free-port.ts'
import { hasPostgres, PostgresServer } from '../helpers/postgres-server.ts'
import { findProgram } from '../helpers/programs.ts'

/**
 * A fleet on this machine, to look around in: a PostgreSQL, three proxyd, HAProxy before them, and the terminal app on it. All of it,
 * with its data, is gone when the app ends. Needs both programs built. `node test/fleet/main.ts`
 */
const built = (name: string) => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url))
const shipped = fileURLToPath(new URL('../../docs/haproxy.cfg', import.meta.url))
const nodes = ['a', 'b', 'c']

// What is missing is said below, in one line.
console.warn = () => {}
process.env.PATH += ':/usr/sbin'
const haproxy = findProgram('haproxy')
const missing = [...(hasPostgres ? [] : ['postgresql']), ...(haproxy ? [] : ['haproxy'])]
if (missing.length > 0) {
  console.error(`make fleet needs ${missing.join(' and ')}: on Debian, apt install ${missing.join(' ')}`)
  process.exit(1)
}

await using parts = new AsyncDisposableStack()
const ended = Promise.withResolvers<void>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ended.resolve())
const home = await folder('proxyd-fleet-')
const store = await startPostgres()
await tellStore('--migrate')
const daemons: Node[] = []
for (const node of nodes) daemons.push(await startNode(node))
const [first] = daemons as [Node, ...Node[]]
const [bob, admin] = [await made('adduser bob'), await made('addoperator admin --role admin')]
const passwordFile = join(home, 'password')
await writeFile(passwordFile, admin, { mode: 0o600 })
const balancer = await startBalancer()
const login = ['--host', '127.0.0.1', '--port', first.control, '--operator', 'admin', '--password-file', passwordFile]
const app = `node ${built('proxy-tui')} ${login.join(' ')}`
console.log(`Three proxyd share a PostgreSQL, behind HAProxy. In another terminal:
  curl --proxy socks5h://bob:${bob.trim()}@127.0.0.1:${balancer} ${await startSite()}
  ${app} --exec 'nodes; nodes users'
  ${app} --exec 'cut user:bob; disable bob'
${daemons.map(({ name, pid }) => `  kill -9 ${pid} # node ${name}`).join('\n')}
In the app, 9 shows the nodes, a adds them all, d drains one.`)
if (process.stdin.isTTY && process.stdout.isTTY) {
  const question = createInterface({ input: process.stdin, output: process.stdout })
  const asked = question.question('Enter opens it; all is gone when it ends. ').catch(() => {})
  question.on('SIGINT', () => ended.resolve())
  const goesOn = await Promise.race([asked.then(() => true), ended.promise.then(() => false)])
  question.close()
  if (goesOn) {
    const screen = spawn(process.execPath, [built('proxy-tui'), ...login], { stdio: 'inherit' })
    await once(screen, 'exit')
  }
} else {
  await ended.promise
}

interface Node {
  readonly name: string
  readonly socks: string
  readonly control: string
  readonly socket: string
  readonly pid: number | undefined
}

async function folder(prefix: string): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), prefix))
  parts.defer(() => rm(made, { recursive: true, force: true }))
  return made
}

/** Resolves to how proxyd names it. */
async function startPostgres(): Promise<string> {
  const server = new PostgresServer(await folder('proxyd-fleet-postgres-'), await freePort(), [])
  server.prepare()
  parts.defer(() => server.stop())
  await server.start()
  await server.sql('postgres', 'CREATE DATABASE fleet')
  return server.place('fleet')
}

async function tellStore(flag: string): Promise<void> {
  await promisify(execFile)(process.execPath, [built('proxyd'), '--store', store, flag])
}

/** Behind HAProxy only, and with a password, since it serves whoever comes to that. */
async function startNode(name: string): Promise<Node> {
  const own = join(home, name)
  mkdirSync(own)
  const places = ['-p', '0', '-P', '0', '--state-dir', own, '--runtime-dir', join(own, 'run')]
  const flags = ['--workers', '1', '--auth', 'required', '--proxy-protocol-from', '127.0.0.1', '--store', store]
  const daemon = spawn(process.execPath, [built('proxyd'), ...places, ...flags, '--node', name], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  parts.defer(() => end(daemon))
  let said = ''
  for await (const text of daemon.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += text
    if (/^ready$/m.test(said)) break
  }
  const found = (pattern: RegExp) => pattern.exec(said)?.[1] ?? ''
  return {
    name,
    socks: found(/^listening socks 127\.0\.0\.1:(\d+)$/m),
    control: found(/^listening control 127\.0\.0\.1:(\d+)$/m),
    socket: found(/^listening control unix:(.*)$/m),
    pid: daemon.pid,
  }
}

/** The password that a command makes. */
async function made(command: string): Promise<string> {
  const args = [built('proxy-tui'), '--socket', first.socket, '--exec', command]
  return (await promisify(execFile)(process.execPath, args)).stdout
}

/** By the file that is shipped, with a line for each node; resolves to its port. */
async function startBalancer(): Promise<number> {
  const port = await freePort()
  const servers = daemons.map(({ name, socks }) => {
    return `  server ${name} 127.0.0.1:${socks} send-proxy-v2 check check-send-proxy inter 2s`
  })
  const text = (await readFile(shipped, 'utf8'))
    .replace('bind :1080', `bind 127.0.0.1:${port}`)
    .replace(/ {2}bind :1443.*\n/, '')
    .replace(/ {2}server .*/, servers.join('\n'))
  const config = join(home, 'haproxy.cfg')
  await writeFile(config, text)
  const balancer = spawn(haproxy as string, ['-db', '-f', config], { stdio: 'ignore' })
  parts.defer(() => end(balancer))
  return port
}

/** Something to go to; resolves to its URL. */
async function startSite(): Promise<string> {
  const site = createServer((_, response) => void response.end('by way of the fleet\n'))
  await once(site.listen(0, '127.0.0.1'), 'listening')
  parts.defer(() => {
    site.closeAllConnections()
    site.close()
  })
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}/`
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
