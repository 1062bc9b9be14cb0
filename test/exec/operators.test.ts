import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Daemon, sharedDaemon } from '../helpers/daemon.ts'
import { addOperator, startTlsDaemon } from '../helpers/operators.ts'
import { run } from '../helpers/programs.ts'
import { exec, program, proxyTui } from '../helpers/proxy-tui.ts'
import { shared } from '../helpers/shared.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal } from '../helpers/terminal.ts'

const daemons = sharedDaemon()
const tlsDaemons = shared((atEnd) => startTlsDaemon([], atEnd))

function asOperator(daemon: Daemon, name: string, ...args: string[]) {
  return ['--port', `${daemon.port('control')}`, '--operator', name, ...args]
}

async function wrongPassword(): Promise<string> {
  const file = join(await temporaryFolder(), 'wrong')
  await writeFile(file, 'not the password\n', { mode: 0o600 })
  return file
}

test('an operator may do what their role may, and is told what not', async () => {
  const daemon = await daemons()
  const file = await addOperator(daemon, 'eve', 'operator')
  const eve = asOperator(daemon, 'eve', '--password-file', file)
  expect(await proxyTui(...eve, '--exec', 'whoami; users; operators')).toEqual({
    status: 1,
    stdout: expect.stringMatching(/^eve, operator, via tcp\nNAME .*\n$/),
    stderr: expect.stringMatching(/^proxy-tui: operators: .*admin.*; 'whoami' tells what this session may do\n$/),
  })
  expect(await exec(daemon, 'role eve viewer; operators')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^eve is viewer now, ended 0 sessions\nNAME .*\neve +viewer +0 .*\n$/),
  })
  expect(await proxyTui(...eve, '--exec', 'users')).toMatchObject({ status: 1 })
  const before = await readFile(file, 'utf8')
  await writeFile(file, (await exec(daemon, 'passwdoperator eve')).stdout)
  expect(await readFile(file, 'utf8')).not.toBe(before)
  expect(await proxyTui(...eve, '--exec', 'whoami')).toMatchObject({ status: 0, stdout: 'eve, viewer, via tcp\n' })
  expect(await exec(daemon, 'deloperator eve; operators', '--json')).toMatchObject({
    status: 0,
    stdout: '{"name":"eve","ended":0,"stored":true}\n[]\n',
  })
  expect(daemon.stderr).not.toContain(before.trim())
})

test('--read-only shows all that the role may see, and changes nothing', async () => {
  const daemon = await daemons()
  expect(await exec(daemon, 'whoami; users; operators; audit; adduser bob', '--read-only')).toEqual({
    status: 1,
    stdout: expect.stringMatching(/^local, admin, via unix, read-only\nNAME .*\nNAME .*\nTIME .*\n/),
    stderr: "proxy-tui: adduser: users.add is not for a read-only session; 'whoami' tells what this session may do\n",
  })
  const env = { ...process.env, PROXY_TUI_READ_ONLY: '1' }
  const args = [program, '--runtime-dir', daemon.folders.runtime, '--exec', 'shutdown']
  expect(await run(process.execPath, args, { env })).toMatchObject({ status: 1 })
  expect(await exec(daemon, 'users', '--json')).toMatchObject({ status: 0, stdout: '[]\n' })
})

test.each([
  ['addoperator eve; addoperator eve', "change the password with 'passwdoperator', the role with 'role'"],
  ['deloperator nobody', "list the operators with 'operators'"],
  ['passwdoperator nobody', "list the operators with 'operators'"],
  ['role nobody admin', "list the operators with 'operators'"],
])('a refusal says what to do: %s', async (commands, mend) => {
  const { status, stderr } = await exec(await daemons(), commands)
  expect(status).toBe(1)
  expect(stderr).toMatch(/^proxy-tui: \w+: [^\n]+\n$/)
  expect(stderr).toContain(mend)
})

test('TLS: with the certificate that is trusted, by a profile', async () => {
  const { daemon, tlsPort, ca } = await tlsDaemons()
  const file = await addOperator(daemon, 'eve', 'admin')
  const config = join(await temporaryFolder(), 'profiles.toml')
  const lines = [
    '[far]',
    `port = ${tlsPort}`,
    'tls = true',
    'operator = "eve"',
    `ca = "${ca}"`,
    `password-file = "${file}"`,
  ]
  await writeFile(config, lines.join('\n'))
  expect(await proxyTui('--config', config, '--profile', 'far', '--exec', 'whoami')).toEqual({
    status: 0,
    stdout: 'eve, admin, via tls\n',
    stderr: '',
  })
})

test('each way to fail has its status and says what to do (23)', async () => {
  const { daemon, tlsPort, ca } = await tlsDaemons()
  const file = await addOperator(daemon, 'fay', 'admin')
  const port = String(daemon.port('control'))
  const fay = ['--operator', 'fay', '--password-file', file]
  const tls = ['--port', `${tlsPort}`, '--tls']
  const cases: [args: string[], status: number, words: RegExp][] = [
    [['--port', port, '--operator', 'fay', '--password-file', await wrongPassword()], 4, /; .*'passwdoperator'/],
    [['--port', port, '--operator', 'nobody', '--password-file', file], 4, /"nobody".*; .*'passwdoperator'/],
    [
      ['--port', port, '--operator', 'fay', '--password-file', '/nonexistent/x'],
      4,
      /\/nonexistent\/x: there is no such/,
    ],
    [['--port', port, '--operator', 'fay'], 4, /no terminal to ask at; use --password-file$/],
    [['--port', port, '--cookie-file', '/nonexistent/c'], 4, /no such file.*--cookie-file.*--operator/],
    [['--port', port, '--cookie-file', file], 4, /cannot use the cookie file/],
    [[...tls, ...fay], 3, /self-signed.*--ca FILE/],
    [[...tls, ...fay, '--ca', '/nonexistent/ca'], 2, /cannot read \/nonexistent\/ca/],
    [['--host', 'localhost', ...tls, ...fay, '--ca', ca], 3, /not for localhost/],
    [['--port', port, '--tls', ...fay], 3, /does not speak TLS/],
    [['--port', `${tlsPort}`, ...fay], 3, /speaks TLS.*--tls/],
    [['--port', String(daemon.port('socks')), ...fay], 3, /^proxy-tui: /],
  ]
  for (const [args, status, words] of cases) {
    const outcome = await proxyTui(...args, '--timeout', '60', '--exec', 'whoami')
    expect({ args, ...outcome }).toMatchObject({ args, status, stdout: '' })
    expect(outcome.stderr).toMatch(/^proxy-tui: [^\n]+\n$/)
    expect(outcome.stderr.trimEnd()).toMatch(words)
  }
})

test('the password is asked for at a terminal, unseen, and once for all commands', async () => {
  const daemon = await daemons()
  const password = (await readFile(await addOperator(daemon, 'ann', 'admin'), 'utf8')).trim()
  const args = [program, ...asOperator(daemon, 'ann'), '--exec', 'whoami', '--exec', 'whoami']
  await using terminal = openTerminal(process.execPath, args)
  await terminal.shows(/Password of operator ann:/)
  terminal.type(`${password}\r`)
  expect(await terminal.ended).toEqual({ status: 0, signal: 0 })
  expect(terminal.screen).toMatch(/^Password of operator ann:\nann, admin, via tcp\nann, admin, via tcp\n/)
  expect(terminal.output).not.toContain(password)
})

test('commands on standard input leave no room for a password', async () => {
  const args = [program, ...asOperator(await daemons(), 'eve'), '--exec', '-']
  expect(await run(process.execPath, args, { input: 'whoami\n' })).toEqual({
    status: 4,
    stdout: '',
    stderr: 'proxy-tui: line 1: no password: standard input has the commands; use --password-file\n',
  })
})
