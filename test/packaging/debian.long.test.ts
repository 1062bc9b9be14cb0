import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../helpers/eventually.ts'
import { longestTest } from '../helpers/patience.ts'
import { run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { canHaveMachine, type DebianMachine, startMachine } from './debian-machine.ts'

/** Milliseconds: on a busy machine a package takes minutes. */
const patience = 3 * longestTest

const ends = new AsyncDisposableStack()
const atEnd = (end: () => Promise<void>) => ends.defer(end)
afterAll(() => ends.disposeAsync(), longestTest)

/** The files of two builds, of the same sources in two places. */
let packages: string[] = []

async function done(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { status, stdout, stderr } = await run(program, args, { env, longest: patience })
  expect(status, `${program} ${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0)
  return stdout
}

/** Builds the package in a folder of its own, as from a clone that has its packages and Node already, where an earlier version was built. */
async function build(env: NodeJS.ProcessEnv): Promise<string> {
  const folder = await temporaryFolder(atEnd)
  await done('sh', [
    '-c',
    'git ls-files -z | xargs -0 cp --parents -t "$0" && cp -a node_modules .node "$0" && touch "$0"/node_modules/.package-lock.json',
    folder,
  ])
  await mkdir(join(folder, 'dist'))
  for (const ending of ['js', 'cjs', 'cjs.cache']) await writeFile(join(folder, `dist/earlier-thread.${ending}`), '')
  // xz takes a minute to make it a third smaller.
  await done('make', ['-C', folder, 'deb'], { ...process.env, DEB_COMPRESSION: 'gzip', ...env })
  const built = await readdir(join(folder, 'dist'))
  return join(folder, 'dist', built.find((name) => name.endsWith('.deb')) ?? '')
}

beforeAll(async () => {
  packages = [await build({}), await build({ TZ: 'Asia/Tokyo', LC_ALL: 'C', HOME: '/nonexistent' })]
}, 3 * patience)

it('is the same, byte for byte, wherever it is built', async () => {
  const [first, second] = await Promise.all(packages.map((file) => readFile(file)))
  expect(first?.equals(second ?? Buffer.of())).toBe(true)
})

it('has nothing of what was built before', async () => {
  expect(await done('dpkg-deb', ['--contents', packages[0] ?? ''])).not.toMatch(/earlier/)
})

it('has nothing that Debian takes for an error', { timeout: patience }, async () => {
  expect(await done('lintian', ['--allow-root', '--fail-on', 'error', packages[0] ?? ''])).not.toMatch(/^E:/m)
})

/** A version to come, whose config file has one comment more. */
async function makeNext(file: string): Promise<string> {
  const folder = await temporaryFolder(atEnd)
  const tree = join(folder, 'tree')
  await done('dpkg-deb', ['--raw-extract', file, tree])
  const change = (name: string, to: (text: string) => string) =>
    writeFileSync(join(tree, name), to(readFileSync(join(tree, name), 'utf8')))
  change('DEBIAN/control', (text) => text.replace(/^Version: .*/m, '$&+next'))
  change('etc/proxyd/proxyd.toml', (text) => `${text}# What the next version has.\n`)
  const next = join(folder, 'next.deb')
  await done('dpkg-deb', ['-Znone', '--root-owner-group', '--build', tree, next])
  return next
}

/** Gives half an answer at once, and the rest once it is asked for `/rest`. */
const server = `
let end
const server = require('node:http').createServer((request, response) => {
  if (request.url !== '/rest') return response.write('half '), void (end = () => response.end('whole'))
  end()
  response.end()
})
server.listen(9000, '127.0.0.1', () => console.log('listens'))`

describe.runIf(canHaveMachine)('on a Debian that systemd runs', { timeout: patience }, () => {
  let machine: DebianMachine
  /** Every file and folder that is not the kernel's, nor in folders where apt and systemd write as they go. */
  let untouched = ''

  /** What a command that succeeds prints there. */
  async function says(...[program = '', ...args]: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await machine.run(program, ...args)
    expect(status, `${program} ${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0)
    return stdout.trim()
  }

  const files = () => {
    const changing =
      '/(proc|sys|dev|run|tmp|root|var/(cache|log/journal|lib/(apt|dpkg|systemd)))/|/var/log/(apt|dpkg|alternatives)'
    return says('sh', '-c', `find / -mount | grep -Ev '^(${changing})' | sort; getent passwd; getent group`)
  }

  const mainPid = () => says('systemctl', 'show', '--property=MainPID', '--value', 'proxyd')

  const restarts = () => says('systemctl', 'show', '--property=NRestarts', '--value', 'proxyd')

  /** Starts a client there, which goes through proxyd. */
  function fetch(path: string, port = 1080) {
    const [command = '', ...within] = machine.inNetwork
    const through = ['--proxy', `socks5h://127.0.0.1:${port}`, '--silent', '--show-error', '--no-buffer']
    const client = spawn(command, [...within, 'curl', ...through, `http://127.0.0.1:9000${path}`])
    let text = ''
    for (const stream of [client.stdout, client.stderr]) stream.setEncoding('utf8').on('data', (part) => (text += part))
    return { text: () => text, ended: once(client, 'close') }
  }

  /** A client that has half of its answer. */
  async function beginTransfer(port?: number) {
    const transfer = fetch('/', port)
    await eventually(() => expect(transfer.text()).toBe('half '))
    return transfer
  }

  async function endTransfer({ text, ended }: ReturnType<typeof fetch>, port?: number) {
    await fetch('/rest', port).ended
    await ended
    expect(text()).toBe('half whole')
  }

  beforeAll(async () => {
    machine = await startMachine(atEnd)
    copyFileSync(packages[0] ?? '', join(machine.root, 'root/proxyd.deb'))
    copyFileSync(await makeNext(packages[0] ?? ''), join(machine.root, 'root/next.deb'))
    const [command = '', ...within] = machine.inNetwork
    const target = spawn(command, [...within, process.execPath, '-e', server], { stdio: ['ignore', 'pipe', 'inherit'] })
    atEnd(async () => void target.kill())
    await once(createInterface({ input: target.stdout }), 'line')
    untouched = await files()
  }, 2 * patience)

  it('is installed where its port is taken, and can be purged again', async () => {
    const [command = '', ...within] = machine.inNetwork
    const listens = "require('node:net').createServer().listen(1080, '127.0.0.1', () => console.log('listens'))"
    const other = spawn(command, [...within, process.execPath, '-e', listens], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(createInterface({ input: other.stdout }), 'line')
    const { status, stdout, stderr } = await machine.run('apt-get', '-q', 'install', '-y', '/root/proxyd.deb')
    other.kill()
    expect(status, `${stdout}\n${stderr}`).toBe(0)
    expect(stdout).toMatch(/^proxyd is installed, but does not start: journalctl -u proxyd says why$/m)
    expect(await says('dpkg', '--status', 'proxyd')).toMatch(/^Status: install ok installed$/m)
    await says('apt-get', '-q', 'purge', '-y', 'proxyd')
  })

  it('is installed and serves, as a user of its own, shut in by systemd', async () => {
    await says('apt-get', '-q', 'install', '-y', '/root/proxyd.deb')
    expect(await says('systemctl', 'is-active', 'proxyd')).toBe('active')
    expect(await says('systemctl', 'is-enabled', 'proxyd')).toBe('enabled')
    await endTransfer(await beginTransfer())
    expect(await says('stat', '-c', '%U %a', '/var/lib/proxyd', '/run/proxyd', `/proc/${await mainPid()}`)).toBe(
      'proxyd 700\nproxyd 700\nproxyd 555',
    )
    // Refused above 2.0 of 10.
    await says('systemd-analyze', 'security', '--threshold=20', 'proxyd')
    await says('proxy-tui', '--socket', '/run/proxyd/proxyd.sock', '--exec', 'health')
  })

  it('becomes the next version in place, with the settings of the administrator', async () => {
    const [transfer, before] = [await beginTransfer(), await mainPid()]
    const file = join(machine.root, 'etc/proxyd/proxyd.toml')
    appendFileSync(file, 'max-connections = 777\ntimeout-drain = "2s"\n')
    await says('apt-get', '-q', 'install', '-y', '-o', 'DPkg::Options::=--force-confold', '/root/next.deb')
    expect(await says('dpkg', '--status', 'proxyd')).toMatch(/^Version: .*\+next$/m)
    expect(await mainPid()).not.toBe(before)
    const setting = await says('proxy-tui', '--socket', '/run/proxyd/proxyd.sock', '--exec', 'get max-connections')
    expect(setting).toContain('777')
    expect(existsSync(`${file}.dpkg-dist`)).toBe(true)
    await endTransfer(transfer)
  })

  it('refuses nobody when the daemon crashes', async () => {
    const before = await mainPid()
    await says('systemctl', 'kill', '--kill-who=main', '--signal=KILL', 'proxyd')
    await endTransfer(await beginTransfer())
    expect(await mainPid()).not.toBe(before)
    expect(await restarts()).toBe('1')
  })

  it('is started anew when a successor crashes whose predecessor still serves', async () => {
    const cut = await beginTransfer()
    await says('systemctl', 'reload', 'proxyd')
    await says('systemctl', 'kill', '--kill-who=main', '--signal=KILL', 'proxyd')
    await endTransfer(await beginTransfer())
    await cut.ended
    expect(await restarts()).toBe('2')
  })

  it('takes the sockets of a unit, of a port that is not for its user', async () => {
    const file = join(machine.root, 'etc/proxyd/proxyd.toml')
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, `${before}socks-addr = ["127.0.0.1"]\nsocks-port = 443\nworkers = 2\n`)
    const unit = '[Socket]\nListenStream=127.0.0.1:443\nFileDescriptorName=socks\n'
    await says('sh', '-c', `echo '${unit}' >/run/systemd/system/proxyd.socket`)
    await says('systemctl', 'daemon-reload')
    await says('systemctl', 'stop', 'proxyd')
    await says('systemctl', 'start', 'proxyd.socket', 'proxyd')
    const transfer = await beginTransfer(443)
    await says('systemctl', 'reload', 'proxyd')
    await endTransfer(transfer, 443)
    writeFileSync(file, before)
    await says('systemctl', 'stop', 'proxyd.socket', 'proxyd')
    await says('systemctl', 'start', 'proxyd')
  })

  it('is removed, but for what it has kept, and purged to the last file', async () => {
    await says('apt-get', '-q', 'remove', '-y', 'proxyd')
    const refused = fetch('/')
    await refused.ended
    expect(refused.text()).toContain('127.0.0.1 port 1080')
    await says('test', '-s', '/etc/proxyd/proxyd.toml')
    await says('test', '-s', '/var/lib/proxyd/proxyd.db')
    await says('apt-get', '-q', 'purge', '-y', 'proxyd')
    expect(await files()).toBe(untouched)
  })
})
