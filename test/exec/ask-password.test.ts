import { expect, test } from 'vitest'
import { program, proxyTui } from '../helpers/proxy-tui.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { type FakeDaemon, startFakeDaemon } from './fake-daemon.ts'

const first = 'New password for bob: '
const again = 'The same again: '

function exec(daemon: FakeDaemon, command: string) {
  return openTerminal(process.execPath, [program, '--socket', daemon.path, '--exec', command])
}

test.each([
  ['adduser bob --password-prompt', 'users.add', 'added bob'],
  ['passwd bob --password-prompt', 'users.setPassword', 'changed the password of bob'],
])('%s asks twice, shows nothing of the password, and sends it', async (command, method, done) => {
  const daemon = await startFakeDaemon(() => ({ stored: true }))
  await using terminal = exec(daemon, command)
  await terminal.shows(/New password/)
  terminal.type('hünter 2x\u007f\r')
  await terminal.shows(/again/)
  terminal.type('hünter 2\r')
  expect(await terminal.ended).toEqual({ status: 0, signal: 0 })
  expect(terminal.output.replaceAll('\r', '')).toBe(`${first}\n${again}\n${done}\n`)
  expect(daemon.calls).toEqual([[method, { name: 'bob', password: 'hünter 2' }]])
})

test('both lines may come in one piece', async () => {
  const daemon = await startFakeDaemon(() => ({}))
  await using terminal = exec(daemon, 'adduser bob --password-prompt')
  await terminal.shows(/New password/)
  terminal.type('hunter2\rhunter2\r')
  expect(await terminal.ended).toEqual({ status: 0, signal: 0 })
  expect(daemon.calls).toEqual([['users.add', { name: 'bob', password: 'hunter2' }]])
})

test('two that differ are refused, and nothing is sent', async () => {
  const daemon = await startFakeDaemon(() => ({}))
  await using terminal = exec(daemon, 'adduser bob --password-prompt')
  await terminal.shows(/New password/)
  terminal.type('one\rtwo\r')
  expect(await terminal.ended).toEqual({ status: 2, signal: 0 })
  expect(terminal.output).toContain('proxy-tui: adduser: the two passwords differ')
  expect(terminal.output).not.toMatch(/one|two\r/)
  expect(daemon.calls).toEqual([])
})

test.each([
  ['an empty line', '\r', 2],
  ['the end of input', '\u0004', 2],
  ['Ctrl-C', '\u0003', 130],
])('%s gives up, and nothing is sent', async (_, typed, status) => {
  const daemon = await startFakeDaemon(() => ({}))
  await using terminal = exec(daemon, 'passwd bob --password-prompt')
  await terminal.shows(/New password/)
  terminal.type(typed)
  expect(await terminal.ended).toEqual({ status: status, signal: 0 })
  expect(daemon.calls).toEqual([])
})

test('a generated password is introduced at a terminal', async () => {
  const daemon = await startFakeDaemon(() => ({}))
  await using terminal = exec(daemon, 'adduser bob')
  expect(await terminal.ended).toEqual({ status: 0, signal: 0 })
  expect(terminal.output).toMatch(/^the password of bob, shown only now:\r\n[a-z2-9]{26}\r\n$/)
})

test('without a terminal nobody is asked', async () => {
  const daemon = await startFakeDaemon(() => ({}))
  expect(await proxyTui('--socket', daemon.path, '--exec', 'adduser bob --password-prompt')).toEqual({
    status: 2,
    stdout: '',
    stderr: 'proxy-tui: adduser: there is no terminal to ask at; use --password-stdin\n',
  })
  expect(daemon.calls).toEqual([])
})

test('a password is not typed where a terminal would show it', async () => {
  const daemon = await startFakeDaemon(() => ({}))
  await using terminal = exec(daemon, 'adduser bob --password-stdin')
  expect(await terminal.ended).toEqual({ status: 2, signal: 0 })
  expect(terminal.output).toContain('standard input is a terminal; use --password-prompt')
})
