import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../helpers/eventually.ts'
import { longestTest } from '../helpers/patience.ts'
import { run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startWebServer } from '../helpers/web-server.ts'

/** Milliseconds: on a busy machine a package takes minutes, and so does a system to install it in. */
const patience = 6 * longestTest

const ends = new AsyncDisposableStack()
const atEnd = (end: () => Promise<void>) => ends.defer(end)
afterAll(() => ends.disposeAsync(), longestTest)

/** The files of two builds, of the same sources in two places. */
let packages: string[] = []
/** A Debian system that has only what every one has. */
let system = ''

async function done(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { status, stdout, stderr } = await run(program, args, { env, longest: patience })
  expect(status, `${program} ${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0)
  return stdout
}

/** Builds the package in a folder of its own, as from a clone that has its packages and Node already. */
async function build(env: NodeJS.ProcessEnv): Promise<string> {
  const folder = await temporaryFolder(atEnd)
  await done('sh', [
    '-c',
    'git ls-files -z | xargs -0 cp --parents -t "$0" && cp -a node_modules .node "$0" && touch "$0"/node_modules/.package-lock.json',
    folder,
  ])
  // xz takes a minute to make it a third smaller.
  await done('make', ['-C', folder, 'deb'], { ...process.env, DEB_COMPRESSION: 'gzip', ...env })
  const built = await readdir(join(folder, 'dist'))
  return join(folder, 'dist', built.find((name) => name.endsWith('.deb')) ?? '')
}

/** Runs a command of the system within it; its processes end with the command. */
function within(...command: readonly string[]): string[] {
  return [
    'unshare',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    `--mount-proc=${system}/proc`,
    'chroot',
    system,
    ...command,
  ]
}

const plain = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' }

async function inSystem(...command: readonly string[]): Promise<string> {
  const [program = '', ...args] = within(...command)
  return done(program, args, plain)
}

beforeAll(async () => {
  system = await temporaryFolder(atEnd)
  await done('debootstrap', ['--variant=minbase', 'bookworm', system])
  packages = [await build({}), await build({ TZ: 'Asia/Tokyo', LC_ALL: 'C', HOME: '/nonexistent' })]
}, 3 * patience)

/** What stands in the system, but for what it notes for itself. */
async function files(): Promise<string[]> {
  const notes = [
    'proc',
    'tmp',
    'var/cache',
    'var/lib/apt',
    'var/lib/dpkg',
    'var/lib/systemd/deb-systemd-helper-*',
    'var/log',
  ]
  const pruned = notes.flatMap((path) => ['-path', join(system, path), '-prune', '-o'])
  return (await done('find', [system, ...pruned, '-print'])).split('\n').sort()
}

/** Starts the program as systemd would: with the user and the folders that the unit names. Ports are free ones. */
async function serves(): Promise<void> {
  const unit = await readFile(join(system, 'usr/lib/systemd/system/proxyd.service'), 'utf8')
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? ''
  const user = value('User')
  for (const [key, above] of [
    ['State', '/var/lib'],
    ['Logs', '/var/log'],
    ['Runtime', '/run'],
  ] as const)
    for (const name of value(`${key}Directory`).split(' ').filter(Boolean))
      await inSystem('install', '-d', '-o', user, '-g', user, '-m', '0750', join(above, name))
  const start = `exec ${value('ExecStart')} --socks-port 0 --control-port 0`
  const [program = '', ...args] = within(
    'setpriv',
    '--reuid',
    user,
    '--regid',
    user,
    '--init-groups',
    'sh',
    '-c',
    start,
  )
  const daemon = spawn(program, args, { env: plain, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(daemon, 'close')
  onTestFinished(() => void daemon.kill('SIGKILL'))
  let said = ''
  for (const output of [daemon.stdout, daemon.stderr]) output.setEncoding('utf8').on('data', (text) => (said += text))
  await eventually(() => expect(said).toMatch(/^ready$/m))
  // The native part of koffi loads.
  expect(said).not.toContain('portable')

  const origin = await startWebServer('127.0.0.1', (_, response) => response.end('served'))
  const proxy = /^listening socks (127\.0\.0\.1:\d+)$/m.exec(said)?.[1]
  expect(await done('curl', ['--silent', '--show-error', '--proxy', `socks5h://${proxy}`, origin])).toBe('served')
  expect(await inSystem('proxy-tui', '--runtime-dir', '/run/proxyd', '--exec', 'health')).not.toBe('')
  daemon.kill('SIGKILL')
  await ended
}

it('is the same, byte for byte, wherever it is built', async () => {
  const [first, second] = await Promise.all(packages.map((file) => readFile(file)))
  expect(first?.equals(second ?? Buffer.of())).toBe(true)
})

it('has nothing that Debian takes for an error', { timeout: patience }, async () => {
  expect(await done('lintian', ['--allow-root', '--fail-on', 'error', packages[0] ?? ''])).not.toMatch(/^E:/m)
})

it('serves as its unit starts it, keeps what was configured, and leaves nothing when purged', {
  timeout: patience,
}, async () => {
  const before = await files()
  await copyFile(packages[0] ?? '', join(system, 'tmp/proxyd.deb'))
  await inSystem('apt-get', 'install', '-q', '-y', '--no-install-recommends', '/tmp/proxyd.deb')
  expect(await inSystem('proxy-tui', '--version')).toBe(JSON.parse(await readFile('package.json', 'utf8')).version)
  expect(await readdir(join(system, 'etc/systemd/system/multi-user.target.wants'))).toContain('proxyd.service')

  await serves()

  await inSystem('sh', '-c', "echo 'max-connections = 99' >>/etc/proxyd/proxyd.toml")
  await inSystem('apt-get', 'remove', '-q', '-y', 'proxyd')
  expect(await readFile(join(system, 'etc/proxyd/proxyd.toml'), 'utf8')).toContain('max-connections = 99')
  await inSystem('dpkg', '--purge', 'proxyd')
  await inSystem('apt-get', 'autoremove', '-q', '-y', '--purge')
  expect((await files()).filter((file) => !before.includes(file))).toEqual([])
  expect(await readFile(join(system, 'etc/passwd'), 'utf8')).not.toContain('proxyd')
})
