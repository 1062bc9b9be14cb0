import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, openSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { everyPage } from '../../shared/commands/context.ts'
import { RpcError } from '../../shared/protocol/errors.ts'
import { examples } from '../docs/examples.ts'
import { run } from '../helpers/programs.ts'
import { program, proxyTui } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startFakeDaemon } from './fake-daemon.ts'

const [bob] = examples['users.list'].result.users

const page = { users: [] }

test('several commands share one connection, in order, and stop at the first refusal', async () => {
  const daemon = await startFakeDaemon((method) =>
    method === 'users.remove' ? new RpcError('not_found', 'no user bob') : page,
  )
  const commands = ['--exec', 'users; users', '--exec', 'deluser bob; stats', '--exec', 'users']
  expect(await proxyTui('--socket', daemon.path, ...commands)).toMatchObject({
    status: 1,
    stderr: "proxy-tui: --exec 2: deluser: no user bob; list the users with 'users'\n",
  })
  expect(daemon.calls.map(([method]) => method)).toEqual(['users.list', 'users.list', 'users.remove'])
  expect(daemon.connections).toBe(1)
})

test.each<[string, object]>([
  ['users', { users: 5 }],
  ['users', { users: [{ name: 'bob', created: 1e300, limits: {} }] }],
  ['stats', {}],
])('%s: an answer that is none of it is one line of complaint, not a stack: %j', async (command, answer) => {
  const daemon = await startFakeDaemon(() => answer)
  const { status, stderr } = await proxyTui('--socket', daemon.path, '--exec', command)
  expect(stderr).toMatch(
    /^proxy-tui: (\w+: what the daemon answers makes no sense here|the daemon's result of .* makes no sense: .*); use the proxy-tui of .*\n$/,
  )
  expect(status).toBe(3)
})

test('times are those of the zone that TZ says, and of UTC with --utc and for programs; what is typed is taken alike', async () => {
  const ban = { source: '192.0.2.1', since: Date.UTC(2026, 6, 1, 16, 30), until: null, reason: 'operator', by: null }
  const daemon = await startFakeDaemon((method) => (method === 'bans.list' ? { bans: [ban] } : { entries: [] }))
  const inBerlin = async (variables: object, ...args: readonly string[]) => {
    const command = [program, '--socket', daemon.path, '--exec', 'bans; audit --since 2026-07-01T18:00', ...args]
    const { stdout } = await run(process.execPath, command, {
      env: { ...process.env, TZ: 'Europe/Berlin', ...variables },
    })
    return [stdout, daemon.calls.at(-1)?.[1]]
  }
  const [utc, local] = [Date.UTC(2026, 6, 1, 18), Date.UTC(2026, 6, 1, 16)]
  const told = (text: string, since: number) => [expect.stringContaining(text), expect.objectContaining({ since })]
  expect(await inBerlin({})).toEqual(told(' 2026-07-01 18:30:00 CEST\n', local))
  expect(await inBerlin({}, '--utc')).toEqual(told(' 2026-07-01T16:30:00Z\n', utc))
  expect(await inBerlin({ PROXY_TUI_UTC: 'yes' })).toEqual(told(' 2026-07-01T16:30:00Z\n', utc))
  expect(await inBerlin({}, '--json')).toEqual(told(`"since":${ban.since}`, local))
})

test.each(['users', 'nodes'])('a list whose pages lead round in a circle is given up: %s', async (verb) => {
  const daemon = await startFakeDaemon(() => ({ node: 'a', [verb]: [], next: `${daemon.calls.length % 2}` }))
  const { status, stderr } = await proxyTui('--socket', daemon.path, '--exec', verb)
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: `proxy-tui: ${verb}: the list has no end after 2500 pages\n`,
  })
})

test('a list that would fill the memory is given up', async () => {
  const name = 'x'.repeat(2_000)
  const users = Array(500).fill({ name })
  let pages = 0
  const list = everyPage(async () => ({ users, next: `${++pages}` }))
  await expect(list).rejects.toThrow('the list is larger than any that proxyd has')
  expect(pages).toBeLessThan(400)
})

test('a list that has more rows in a page than a page has is given up', async () => {
  const daemon = await startFakeDaemon(() => ({ users: Array(600).fill(bob), next: `${daemon.calls.length}` }))
  const { status, stderr } = await proxyTui('--socket', daemon.path, '--exec', 'users')
  const message = 'proxy-tui: users: a page of the list has more than 500 rows\n'
  expect({ status, stderr }).toEqual({ status: 1, stderr: message })
})

test.each(['rules apply /dev/zero', 'import /dev/zero', 'rules apply -'])(
  '%s: a text without end is refused, not held in memory',
  async (command) => {
    const daemon = await startFakeDaemon(() => page)
    const script = 'yes "$(printf %01000d 0)" | "$0" "$1" --socket "$2" --exec "$3"'
    const { status, stderr } = await run('/bin/sh', ['-c', script, process.execPath, program, daemon.path, command])
    expect(stderr).toMatch(/(cannot read \/dev\/zero: it|standard input) has more than 67108864/)
    expect(status).toBe(2)
  },
)

test('a mistake anywhere on the command line is found before anything is sent', async () => {
  const daemon = await startFakeDaemon(() => page)
  expect(await proxyTui('--socket', daemon.path, '--exec', 'users', '--exec', 'users; cut')).toEqual({
    status: 2,
    stdout: '',
    stderr: 'proxy-tui: --exec 2: character 8: cut needs ID-OR-FILTER; usage: cut ID-OR-FILTER...\n',
  })
  expect(daemon.connections).toBe(0)
})

test('a mistake in what the program itself takes has status 2 and one line (23)', async () => {
  const { status, stdout, stderr } = await proxyTui('--frob\u001b[2J')
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toBe('proxy-tui: there is no flag --frob␛[2J; see proxy-tui --help\n')
})

test('lines of standard input are counted, comments and blank ones too, and stop at the first error (24)', async () => {
  const daemon = await startFakeDaemon(() => page)
  const input = '# first\n\n  users  \n   # more\nfrob\nusers\n'
  expect(await run(process.execPath, [program, '--socket', daemon.path, '--exec', '-'], { input })).toMatchObject({
    status: 2,
    stderr: "proxy-tui: line 5: no command 'frob'; 'help' lists them\n",
  })
  expect(daemon.calls).toEqual([['users.list', {}]])
})

test('standard input that is not UTF-8 is one line of complaint, after what came before it', async () => {
  const file = join(await temporaryFolder(), 'commands')
  await writeFile(file, Buffer.from('help whoami\nhelp \xff\n', 'latin1'))
  const script = '"$0" "$1" --exec - < "$2"'
  expect(await run('/bin/sh', ['-c', script, process.execPath, program, file])).toEqual({
    status: 2,
    stdout: expect.stringMatching(/^whoami .*\n$/),
    stderr: 'proxy-tui: standard input is not UTF-8\n',
  })
})

test('each line of standard input is answered before the next one comes', async () => {
  const daemon = await startFakeDaemon(() => page)
  const child = spawn(process.execPath, [program, '--socket', daemon.path, '--json', '--exec', '-'])
  onTestFinished(() => void child.kill('SIGKILL'))
  for (let turn = 0; turn < 3; turn++) {
    child.stdin.write('users\n')
    expect(String(await once(child.stdout, 'data'))).toBe('[]\n')
  }
  child.stdin.end()
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('commands do not wait for a standard input that they do not read', async () => {
  const daemon = await startFakeDaemon(() => page)
  const child = spawn(process.execPath, [program, '--socket', daemon.path, '--exec', 'users'])
  onTestFinished(() => void child.kill('SIGKILL'))
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('without a daemon the status is 3, and the text says where none was (23)', async () => {
  const path = join(await temporaryFolder(), 'none.sock')
  const { status, stderr } = await proxyTui('--socket', path, '--exec', 'whoami')
  expect(status).toBe(3)
  expect(stderr).toMatch(
    /^proxy-tui: no proxyd reached: .*there is no socket \S*none\.sock; start it there with 'proxyd', or tell where it is .*\n$/,
  )
})

test('help needs no daemon', async () => {
  const { status, stdout } = await proxyTui('--socket', '/nonexistent', '--exec', 'help; help connection')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^adduser NAME {2,}add a user.*\nconnection ID {2}tell all about one connection, .*\n$/s)
})

test('a listener that says nothing has its time, then the status is 3', async () => {
  const path = join(await temporaryFolder(), 'silent.sock')
  const server = createServer((socket) => void onTestFinished(() => void socket.destroy())).listen(path)
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { status, stderr } = await proxyTui('--socket', path, '--timeout', '0.2', '--exec', 'whoami')
  expect({ status, stderr }).toEqual({
    status: 3,
    stderr: expect.stringMatching(/^proxy-tui: .*200 ms; .*--timeout gives it longer\n$/),
  })
})

test('an answer that does not come has its time too', async () => {
  const daemon = await startFakeDaemon(() => 'silence')
  expect(await proxyTui('--socket', daemon.path, '--timeout', '2', '--exec', 'users')).toEqual({
    status: 3,
    stdout: '',
    stderr: 'proxy-tui: no answer within 2 s; --timeout gives it longer\n',
  })
})

test('a connection that ends before the answer has status 3', async () => {
  const daemon = await startFakeDaemon(() => 'hang up')
  expect(await proxyTui('--socket', daemon.path, '--exec', 'users')).toMatchObject({
    status: 3,
    stderr: expect.stringMatching(/^proxy-tui: [^\n]+\n$/),
  })
})

test('Ctrl-C ends a command that waits, with status 130 (23)', async () => {
  const daemon = await startFakeDaemon(() => {
    child.kill('SIGINT')
    return 'silence'
  })
  const child = spawn(process.execPath, [program, '--socket', daemon.path, '--exec', 'users'])
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', (text) => (stderr += text))
  expect(await once(child, 'close')).toEqual([130, null])
  expect(stderr).toBe('')
})

test('what a hostile daemon says cannot touch the terminal (22)', async () => {
  const evil = '\u001b]0;x\u0007\u202e\n'
  const user = { ...bob, name: evil, limits: { note: evil } }
  const daemon = await startFakeDaemon((method) =>
    method === 'users.list' ? { users: [user] } : new RpcError('not_found', evil),
  )
  const ask = (...args: string[]) => proxyTui('--socket', daemon.path, ...args)
  const outcomes = await Promise.all([ask('--exec', 'users; deluser x'), ask('--json', '--exec', 'users; deluser x')])
  for (const { stdout, stderr } of outcomes) expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u)
  const [people, programs] = outcomes
  expect(people.stdout.split('\n')).toHaveLength(3)
  expect(people.stderr.split('\n')).toHaveLength(2)
  expect(JSON.parse(programs.stdout)).toEqual([user])
})

test('a reader that stops, as head does, is no error (24)', async () => {
  const lines = 'help\n'.repeat(2_000)
  const script = `{ "$0" "$1" --exec -; echo "status $?" >&2; } | head -n 1`
  expect(await run('/bin/sh', ['-c', script, process.execPath, program], { input: lines })).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^adduser NAME .*\n$/),
    stderr: 'status 0\n',
  })
})

test('nobody has to read the complaints', async () => {
  const child = spawn(process.execPath, [program, '--exec', 'frob'])
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stderr.destroy()
  expect(await once(child, 'exit')).toEqual([2, null])
})

test.skipIf(!existsSync('/dev/full'))('an output that cannot be written is told', async () => {
  const script = '"$0" "$1" --exec help > /dev/full'
  const { status, stderr } = await run('/bin/sh', ['-c', script, process.execPath, program])
  expect(status).toBe(1)
  expect(stderr).toBe(
    'proxy-tui: cannot write to standard output: its disk is full: make room there, or send it elsewhere\n',
  )
})

test('no password is made where the output is full, nor a user with it', async () => {
  const daemon = await startFakeDaemon(() => ({}))
  const script = `"$0" "$1" --socket "$2" --exec 'adduser bob; users' >/dev/full`
  const { status, stderr } = await run('/bin/sh', ['-c', script, process.execPath, program, daemon.path])
  const problem = 'cannot write to standard output: its disk is full: make room there, or send it elsewhere'
  expect([status, stderr]).toEqual([2, `proxy-tui: adduser: ${problem}\n`])
  expect(daemon.calls).toEqual([])
})

test.each([
  ['closed', '>&-'],
  ['/dev/null', '>/dev/null'],
])('a password that goes to an output that is %s is told to be lost', async (_, redirection) => {
  const daemon = await startFakeDaemon(() => ({}))
  const script = `"$0" "$1" --socket "$2" --exec 'adduser bob' ${redirection}`
  const { status, stderr } = await run('/bin/sh', ['-c', script, process.execPath, program, daemon.path])
  const lost = 'the password of bob was to be seen only now, so set another'
  expect([status, stderr]).toEqual([0, `proxy-tui: note: standard output goes nowhere; ${lost}\n`])
  expect(daemon.calls).toHaveLength(1)
})

test('a password that its reader has not taken is told to be lost', async () => {
  const fifo = join(await temporaryFolder(), 'fifo')
  await run('mkfifo', [fifo])
  const [reader, writer] = [openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK), openSync(fifo, 'w')]
  const daemon = await startFakeDaemon(() => {
    closeSync(reader)
    return {}
  })
  const command = [program, '--socket', daemon.path, '--exec', 'adduser bob']
  const child = spawn(process.execPath, command, { stdio: ['ignore', writer, 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  closeSync(writer)
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text))
  expect(await once(child, 'close')).toEqual([1, null])
  expect(stderr).toMatch(
    /nobody reads from it any more.*; the password of bob was to be seen only now, so set another\n$/,
  )
})

test('an output that others have made one not to wait for is waited for', async () => {
  const many = Array.from({ length: 200 }, () => 'help').join('; ')
  // As a program of Node's leaves a pipe behind that is killed; nobody reads what comes before all of it is full.
  const script = `("$0" -e 'process.stdout; process.kill(process.pid, "SIGKILL")') 2>/dev/null; exec "$0" "$@"`
  const given = ['-c', script, process.execPath, program, '--exec', many]
  const child = spawn('sh', given, { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  await once(child.stdout, 'readable')
  let lines = 0
  for await (const line of createInterface(child.stdout)) if (line.startsWith('adduser NAME ')) lines += 1
  expect(lines).toBe(200)
  // The shell may tell of what was killed.
  expect(stderr).not.toContain('proxy-tui')
})

test.each([new RpcError('invalid_params', 'unknown readOnly'), new RpcError('method_not_found', 'no such method')])(
  'with --read-only, a daemon that knows no such sessions is told apart from one that refuses: %s',
  async (answer) => {
    const daemon = await startFakeDaemon((method) => (method === 'session.drop' ? answer : {}))
    const { status, stderr } = await proxyTui('--socket', daemon.path, '--read-only', '--exec', 'stats')
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/too old for --read-only: .* log in as a viewer instead/),
    ])
    expect(daemon.calls.map(([method]) => method)).toEqual(['session.drop'])
  },
)
