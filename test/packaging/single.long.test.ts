import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { startEcho } from '../helpers/echo.ts'
import { eventually } from '../helpers/eventually.ts'
import { attemptLogin } from '../helpers/login-attempt.ts'
import { operate } from '../helpers/operate.ts'
import { longestTest } from '../helpers/patience.ts'
import { hasPostgres, usePostgres } from '../helpers/postgres.ts'
import { run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal } from '../helpers/terminal.ts'

/** Of one that a folder has to itself, as somebody has it who has fetched that file only. */
const programs = { proxyd: '', 'proxy-tui': '' }
/** Neither Node nor any other program. */
const env = { PATH: '/nonexistent', NODE_OPTIONS: '--no-such-flag' }

beforeAll(async () => {
  expect(await run('make', ['single'], { env: process.env, longest: 2 * longestTest })).toMatchObject({ status: 0 })
  const ends: (() => Promise<void>)[] = []
  const folder = await temporaryFolder((end) => ends.push(end))
  const file = join(folder, 'proxyd')
  const sources = ['shared/packaging/single/build.ts', await nodeInside(), folder]
  expect(await run(process.execPath, sources)).toMatchObject({ status: 0, stderr: '' })
  await symlink('proxyd', join(folder, 'proxy-tui'))
  Object.assign(programs, { proxyd: file, 'proxy-tui': join(folder, 'proxy-tui') })
  return () => Promise.all(ends.map((end) => end()))
}, 3 * longestTest)

async function nodeInside(): Promise<string> {
  const makefile = await readFile('Makefile', 'utf8')
  return `.node/${/^next_node_version := (.*)$/m.exec(makefile)?.[1]}/bin/node`
}

function startSingle(args: readonly string[] = []) {
  const within = ['/bin/sh', '-c', 'file=$0; shift 2; exec "$file" "$@"', programs.proxyd]
  return startDaemon(args, { env, within })
}

it('is the same file, byte for byte, when it is made again', async () => {
  const [first, second] = await Promise.all([readFile('dist/single/proxyd'), readFile(programs.proxyd)])
  expect(first.equals(second)).toBe(true)
})

it('serves on its own, with the engine for Linux, and is upgraded in place', async () => {
  const daemon = await startSingle(['--engine', 'linux', '--workers', '2'])
  const echo = { host: '127.0.0.1', port: await startEcho() }
  const client = await connectThrough(daemon.port('socks'), echo)
  const tui = (command: string) =>
    run(programs['proxy-tui'], ['--runtime-dir', daemon.folders.runtime, '--exec', command], { env })
  const { stdout } = await tui('upgrade')
  const pid = Number(/pid (\d+), generation 2/.exec(stdout)?.[1])
  onTestFinished(() => void process.kill(pid, 'SIGKILL'))
  const later = await connectThrough(daemon.port('socks'), echo)
  for (const peer of [client, later]) {
    peer.write('hello')
    expect(await peer.readText(5)).toBe('hello')
  }
  expect(await tui('whoami')).toEqual({ status: 0, stdout: 'local, admin, via unix, generation 2\n', stderr: '' })
})

describe.skipIf(!hasPostgres)('on a store of a fleet', () => {
  const server = usePostgres()

  it('makes it, has who logs in by it, acts by what another node changes there, and says what is wrong with it', async () => {
    await server.sql('postgres', 'CREATE DATABASE fleet')
    const secret = join(await temporaryFolder(), 'password')
    await writeFile(secret, 'secret', { mode: 0o600 })
    const place = `postgres://proxyd@127.0.0.1:${server.port}/fleet`
    const store = ['--store', place, '--store-password-file', secret]
    expect(await run(programs.proxyd, ['--migrate', ...store], { env })).toMatchObject({ status: 0, stderr: '' })
    const single = await startSingle([...store, '--node', 'a'])
    const other = await operate(await startDaemon([...store, '--node', 'b']))
    const bob = { name: 'bob', password: 'gravel-tulip-93' }
    const answer = () => attemptLogin(single.port('socks'), '127.0.0.1', bob.name, bob.password).readHex(4)
    expect((await other.call('users.add', bob)).error).toBeUndefined()
    await eventually(async () => expect(await answer()).toBe('05020100'))
    expect((await other.call('users.setEnabled', { name: bob.name, enabled: false })).error).toBeUndefined()
    await eventually(async () => expect(await answer()).toBe('05020101'))
    expect(single.stderr).not.toMatch(/"level":"(warn|error)"/)
    expect(await run(programs.proxyd, ['--check', '--store', place], { env })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^proxyd: the store fleet at .* wants a password: [^\n]*\n$/),
    })
  })
})

it('is the terminal app by its other name', async () => {
  const daemon = await startSingle()
  await using app = openTerminal(programs['proxy-tui'], ['--runtime-dir', daemon.folders.runtime], { env })
  await app.shows(/1 Overview[\s\S]*Down/)
  app.type('q')
  expect(await app.ended).toEqual({ status: 0, signal: 0 })
})

it('says what keeps the engine for Linux from being loaded', async () => {
  const { status, stderr } = await run(programs.proxyd, ['--engine', 'linux'], { env: { ...env, TMPDIR: '/proc' } })
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^proxyd: the linux engine cannot load \(.*'\/proc\//)])
})

it('says so when there is no room for what it loads', async () => {
  const limited = ['-c', 'ulimit -f 100; exec "$0" --engine linux', programs.proxyd]
  const { status, stderr } = await run('/bin/sh', limited, { env })
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^proxyd: the linux engine cannot load \(EFBIG/)])
})
