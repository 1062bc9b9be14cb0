import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RpcError } from '../../shared/protocol/errors.ts'
import { readCommandLine } from '../../tui/options/command-line.ts'
import { mostDaemons } from '../../tui/options/daemons.ts'
import { examples } from '../docs/examples.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { run } from '../helpers/programs.ts'
import { program, proxyTui } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { type FakeDaemon, startFakeDaemon } from './fake-daemon.ts'

async function fileOf(profiles: string): Promise<string> {
  const file = join(await temporaryFolder(), 'profiles.toml')
  await writeFile(file, profiles)
  return file
}

/** The profiles `one`, `two` and so on, of these daemons, as flags. */
async function profilesOf(...daemons: readonly FakeDaemon[]): Promise<string[]> {
  const names = ['one', 'two']
  const tables = daemons.map(({ path }, at) => `[${names[at]}]\nsocket = "${path}"\n`)
  return ['--config', await fileOf(tables.join('')), ...daemons.flatMap((_, at) => ['--profile', names[at] as string])]
}

const fleet = `
[default]
refresh = 1

[home]
host = "home.example:9"
read-only = true
refresh = 2

[lab]
socket = "/lab.sock"
colour = "never"

[team]
tls = true
operator = "alice"
`

async function daemonsOf(...args: readonly string[]) {
  const env = { XDG_RUNTIME_DIR: '/run/user/7', PROXY_TUI_CONFIG: await fileOf(fleet) }
  const commandLine = await readCommandLine(args, { env, uid: 7, version: '1.2.3' })
  if (commandLine.kind !== 'app') throw new Error('asked for something else')
  return commandLine.options
}

test('each host is a daemon, and what else is said counts for all of them', async () => {
  const { daemons, refresh } = await daemonsOf('--host', 'a', '--host', '[::1]:9', '--host', 'c', '--read-only')
  expect(daemons).toMatchObject([
    { name: 'a:8080', places: [{ host: 'a', port: 8080 }], readOnly: true },
    { name: '[::1]:9', places: [{ host: '::1', port: 9 }], readOnly: true },
    { name: 'c:8080', places: [{ host: 'c', port: 8080 }], readOnly: true },
  ])
  expect(refresh).toBe(1)
})

test('each of several sockets is a daemon, too', async () => {
  const { daemons } = await daemonsOf('--socket', '/a', '--socket', '/b')
  expect(daemons).toMatchObject([
    { name: '/a', places: [{ kind: 'unix', path: '/a' }] },
    { name: '/b', places: [{ kind: 'unix', path: '/b' }] },
  ])
})

test('one profile tells of every host what is not said', async () => {
  const { daemons } = await daemonsOf('--profile', 'team', '--host', 'a', '--host', 'b:1')
  expect(daemons).toMatchObject([
    { name: 'alice at a:8443', places: [{ kind: 'tls', operator: 'alice' }] },
    { name: 'alice at b:1', places: [{ kind: 'tls', operator: 'alice' }] },
  ])
})

test('each of several profiles is a daemon with rights of its own, and hosts join them', async () => {
  const { daemons, refresh, colour } = await daemonsOf('--profile', 'home', '--profile', 'lab', '--host', 'x')
  expect(daemons).toMatchObject([
    { name: 'home', places: [{ host: 'home.example', port: 9 }], readOnly: true },
    { name: 'lab', places: [{ kind: 'unix', path: '/lab.sock' }], readOnly: false },
    { name: 'x:8080', places: [{ host: 'x', port: 8080 }], readOnly: false },
  ])
  expect({ refresh, colour }).toEqual({ refresh: 2, colour: true })
})

test.each([
  [['--host', 'a', '--host', 'a:8080'], 'a:8080 is named twice'],
  [['--socket', '/s', '--socket', '/s'], '/s is named twice'],
  [
    ['--profile', 'home', '--profile', 'lab', '--host', 'home.example:9'],
    'home and home.example:9 are the same daemon',
  ],
  [['--profile', 'home', '--profile', 'lab', '--socket', '/lab.sock'], 'lab and /lab.sock are the same daemon'],
  [['--profile', 'home', '--profile', 'nowhere'], 'there is no profile nowhere'],
  [['--host', 'a', '--host', 'b', '--socket', '/s'], '--socket and --host exclude each other'],
  [['--host', 'a', '--host', 'b c'], '--host takes a name or an address'],
])('refuses %j', async (args, problem) => {
  await expect(daemonsOf(...args)).rejects.toThrow(problem)
})

test('there is a most of daemons', async () => {
  const hosts = Array.from({ length: mostDaemons + 1 }, (_, at) => ['--host', `h${at}`])
  expect((await daemonsOf(...hosts.slice(1).flat())).daemons).toHaveLength(mostDaemons)
  await expect(daemonsOf(...hosts.flat())).rejects.toThrow(`at most ${mostDaemons} daemons can be named`)
})

test('commands are carried out at each in turn, and the worst status counts', async () => {
  const listed = { ...examples['users.list'].result, next: undefined }
  const well = await startFakeDaemon((method) => (method === 'users.list' ? listed : {}))
  const ill = await startFakeDaemon((method) => (method === 'users.add' ? new RpcError('exists', 'it is there') : {}))
  const commands = ['--password-stdin', '--exec', 'adduser bob; users']
  const where = await profilesOf(well, ill)
  const outcome = await run(process.execPath, [program, ...where, ...commands], { input: 'hunter2\n' })
  expect(outcome).toEqual({
    status: 1,
    stdout: expect.stringMatching(/^== one ==\nadded bob\nNAME .*\nbob .*\n== two ==\n$/),
    stderr: "proxy-tui: two: adduser: it is there; change the password with 'passwd'\n",
  })
  for (const { calls } of [well, ill]) expect(calls[0]).toEqual(['users.add', { name: 'bob', password: 'hunter2' }])
})

test('the first that is not reached keeps nothing from the next, and JSON says who tells', async () => {
  const daemon = await startFakeDaemon(() => ({ users: [] }))
  const gone = join(await temporaryFolder(), 'gone.sock')
  const config = await fileOf(`[gone]\nsocket = "${gone}"\n[here]\nsocket = "${daemon.path}"\n`)
  const where = ['--config', config, '--profile', 'gone', '--profile', 'here']
  const { status, stdout, stderr } = await proxyTui(...where, '--json', '--exec', 'users; users')
  expect(status).toBe(3)
  expect(stdout).toBe('{"place":"here","result":[]}\n'.repeat(2))
  expect(stderr).toMatch(/^proxy-tui: gone: no proxyd reached: [^\n]+\n$/)
})

test('lines of standard input are all understood before the first daemon hears of them', async () => {
  const [one, two] = [await startFakeDaemon(() => ({ users: [] })), await startFakeDaemon(() => ({ users: [] }))]
  const exec = async (input: string) =>
    run(process.execPath, [program, ...(await profilesOf(one, two)), '--json', '--exec', '-'], { input })
  expect(await exec('users\nfrob\n')).toEqual({
    status: 2,
    stdout: '',
    stderr: "proxy-tui: line 2: no command 'frob'; 'help' lists them\n",
  })
  expect([one.connections, two.connections]).toEqual([0, 0])
  expect(await exec('users\n# again\nusers\n')).toMatchObject({ status: 0, stderr: '' })
  expect([one.calls.length, two.calls.length]).toEqual([2, 2])
})

test('a new password is asked for once, and what goes on for ever is for one daemon', async () => {
  const [one, two] = [await startFakeDaemon(() => ({})), await startFakeDaemon(() => ({}))]
  const flags = await profilesOf(one, two)
  await using terminal = openTerminal(process.execPath, [program, ...flags, '--exec', 'adduser bob --password-prompt'])
  await terminal.shows(/New password/)
  terminal.type('hunter2\rhunter2\r')
  expect(await terminal.ended).toEqual({ status: 0, signal: 0 })
  for (const { calls } of [one, two]) expect(calls).toEqual([['users.add', { name: 'bob', password: 'hunter2' }]])
  const followed = await proxyTui(...flags, '--exec', 'log --follow')
  expect(followed).toMatchObject({ status: 2, stderr: expect.stringContaining('one: log: it goes on until') })
})

test('two real daemons each add a user', async () => {
  const [one, two] = [await startDaemon(), await startDaemon()]
  const config = await fileOf(
    [one, two].map(({ folders }, at) => `[p${at}]\nruntime-dir = "${folders.runtime}"\n`).join(''),
  )
  const where = ['--config', config, '--profile', 'p0', '--profile', 'p1']
  expect(await proxyTui(...where, '--exec', 'adduser bob')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^== p0 ==\n\S+\n== p1 ==\n\S+\n$/),
  })
  const { stdout } = await proxyTui(...where, '--json', '--exec', 'users')
  const told = stdout.trimEnd().split('\n')
  expect(told.map((line) => JSON.parse(line))).toMatchObject([
    { place: 'p0', result: [{ name: 'bob' }] },
    { place: 'p1', result: [{ name: 'bob' }] },
  ])
})
