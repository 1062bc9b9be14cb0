import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openTerminal, type Terminal } from '../helpers/terminal.ts'
import { drawFrame, type Frame, light, picture, recording, type Scheme } from './svg.ts'

/**
 * Makes the pictures and the recording of the terminal app from a real run: proxyd, curl moving data through it for two
 * minutes, and the app in a pseudo-terminal. Needs both programs built, and curl. `node test/screenshots/make.ts [FOLDER]`
 */
const folder = process.argv[2] ?? fileURLToPath(new URL('.', import.meta.url))
const built = (name: string) => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url))
const users = ['alice', 'bob', 'carol']
const seconds = 120
/** Of those, the last, in which pictures are taken. */
const toTake = 50
/** Seconds from one frame of the recording to the next. */
const pace = 0.5

await using run = new AsyncDisposableStack()
const home = await mkdtemp(join(tmpdir(), 'proxyd-pictures-'))
run.defer(() => rm(home, { recursive: true }))
const places = await Promise.all(['127.0.0.1', '::1', '127.0.0.2'].map(startServer))
const { socks, control } = await startDaemon()
const traffic = move(socks)
await photograph(['--host', '::1', '--port', control, '--cookie-file', join(home, 'run', 'cookie')])
await traffic

/** An HTTP server that sends without end, or takes what is put; resolves to its URL. */
async function startServer(host: string): Promise<string> {
  const block = Buffer.alloc(64 * 1024)
  const server = createServer((request, response) => {
    if (request.method === 'PUT') return request.resume()
    const write = () => response.destroyed || response.write(block, () => setImmediate(write))
    write()
  })
  await once(server.listen(0, host), 'listening')
  run.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://${isIPv6(host) ? `[${host}]` : host}:${(server.address() as AddressInfo).port}/`
}

/** Start proxyd, and say which ports it has taken. */
async function startDaemon(): Promise<{ socks: string; control: string }> {
  const own = ['-p', '0', '-P', '0', '--state-dir', join(home, 'state'), '--runtime-dir', join(home, 'run')]
  const accounts = users.flatMap((name) => ['-u', `${name}:secret`])
  const daemon = spawn(process.execPath, [built('proxyd'), ...own, ...accounts], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  run.defer(() => end(daemon))
  const ports = { socks: '', control: '' }
  for await (const line of createInterface(daemon.stdout)) {
    const [, service, port] = /^listening (socks|control) .*:(\d+)$/.exec(line) ?? []
    if (service && port) ports[service as keyof typeof ports] = port
    if (line === 'ready') return ports
  }
  throw new Error('proxyd did not start')
}

/** Let people come and go: downloads and a few uploads, at various speeds. */
async function move(port: string): Promise<void> {
  const clients: ChildProcess[] = []
  for (let second = 0; second < seconds; second++) {
    const user = users[second % users.length]
    const proxy = `socks5h://${user}:secret@${second % 2 ? '127.0.0.1' : '[::1]'}:${port}`
    const speed = Math.round(1500 * (1.4 + Math.sin(second / 7)) * (1 + (second % 3)))
    const upload = second % 4 === 0 ? ['-T', '/dev/zero'] : []
    const time = String(Math.min(6 + (second % 9), seconds - second))
    const rest = ['-s', '-o', '/dev/null', '--limit-rate', `${speed}k`, '--max-time', time]
    clients.push(
      spawn('curl', ['-x', proxy, ...rest, ...upload, places[second % places.length] ?? ''], { stdio: 'ignore' }),
    )
    if (second % 5 === 0) clients.push(tryOnce(`alice:secret@[::1]:${port}`, 'http://banner.ads.example/'))
    if (second % 7 === 0) clients.push(tryOnce(`mallory:guess@[::1]:${port}`, places[0] ?? ''))
    await setTimeout(1000)
  }
  await Promise.all(clients.map(ended))
}

/** Somebody whom the daemon refuses. */
function tryOnce(proxy: string, url: string): ChildProcess {
  return spawn('curl', ['-s', '-o', '/dev/null', '--max-time', '5', '-x', `socks5h://${proxy}`, url], {
    stdio: 'ignore',
  })
}

async function photograph(where: readonly string[]): Promise<void> {
  const size = { columns: 120, rows: 36, env: { COLORTERM: 'truecolor' } }
  await using app = openTerminal(process.execPath, [built('proxy-tui'), ...where], size)
  await app.shows(/Overview/)
  await limit(where)
  await setTimeout((seconds - toTake) * 1000)
  await record(where)
  await save(app, 'overview')
  app.type('2')
  await app.shows(/\[2 Connections/)
  app.type('sD')
  await app.shows(/Down\/s▼/)
  app.type('jj')
  await setTimeout(2000)
  await save(app, 'connections')
  app.type('\r')
  await setTimeout(4000)
  await save(app, 'connection')
  app.type('q3')
  await app.shows(/\[3 Users/)
  await setTimeout(2000)
  await save(app, 'users')
  app.type(`1${background('ffff')}`)
  await setTimeout(1000)
  await save(app, 'light', light)
  app.type(`${background('0000')}TT`)
  await app.shows(/the theme is contrast/)
  await save(app, 'contrast')
}

/** What a terminal answers that is asked for its background (OSC 11): a grey, of four hexadecimal digits. */
function background(grey: string): string {
  return `\u001b]11;rgb:${grey}/${grey}/${grey}\u0007`
}

/** Some limits to show: bob waits for a rate, and carol uses her quota up. */
async function limit(where: readonly string[]): Promise<void> {
  const lines = 'users set bob rate-down=2MB/s; users set carol quota=300MB; rules add deny to *.ads.example'
  await ended(spawn(process.execPath, [built('proxy-tui'), ...where, '--exec', lines], { stdio: 'ignore' }))
}

/** A short look around, in a terminal of the usual size. */
async function record(where: readonly string[]): Promise<void> {
  const size = { columns: 100, rows: 28, env: { COLORTERM: 'truecolor' } }
  await using app = openTerminal(process.execPath, [built('proxy-tui'), ...where], size)
  await app.shows(/Down .*peak/)
  const frames: Frame[] = []
  for (const [keys, many] of [
    ['', 12],
    ['2', 4],
    ['/', 1],
    ['b', 1],
    ['o', 1],
    ['b', 3],
    ['\r', 2],
    ['\r', 8],
    ['\u001b', 2],
    ['\u001b3', 5],
    ['1', 6],
  ] as const) {
    app.type(keys)
    for (let at = 0; at < many; at++) {
      await setTimeout(pace * 1000)
      frames.push(drawFrame(app.emulator))
    }
  }
  await writeFile(join(folder, 'recording.svg'), recording(frames, pace, 'proxy-tui: a look around'))
}

function save(app: Terminal, name: string, scheme?: Scheme): Promise<void> {
  return writeFile(join(folder, `${name}.svg`), picture(drawFrame(app.emulator, scheme), `proxy-tui: ${name}`, scheme))
}

async function end(child: ChildProcess): Promise<void> {
  child.kill()
  await ended(child)
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
