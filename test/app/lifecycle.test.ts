import { expect, test } from 'vitest'
import { sharedDaemon } from '../helpers/daemon.ts'
import { run } from '../helpers/programs.ts'
import { program } from '../helpers/proxy-tui.ts'
import { openTerminal, type Terminal } from '../helpers/terminal.ts'
import { appCommand, openApp, openShell, prompted } from './open-app.ts'

const daemons = sharedDaemon()

/** What a program must leave behind. */
function expectRestored(terminal: Terminal): void {
  expect(terminal.isAlternate).toBe(false)
  expect(terminal.hasCursor).toBe(true)
  expect(terminal.emulator.modes.bracketedPasteMode).toBe(false)
  expect(terminal.emulator.modes.mouseTrackingMode).toBe('none')
}

test('q quits with status 0 and restores the terminal, Esc does not quit (19)', async () => {
  await using app = await openApp(await daemons())
  for (const [key, page] of [
    ['2', /\[2 Conns/],
    ['1', /\[1 Overview/],
  ] as const) {
    app.type('\u001b')
    // A key right behind Esc is another one, Alt with it: a person takes longer, and types it again if nothing comes of it.
    await expect
      .poll(() => {
        app.type(key)
        return app.screen
      })
      .toMatch(page)
  }
  app.type('q')
  expect(await app.ended).toEqual({ status: 0, signal: 0 })
  expectRestored(app)
})

test('Ctrl-C quits, in a text field too (19)', async () => {
  await using app = await openApp(await daemons())
  app.type('2/abc')
  await app.shows(/filter: abc/)
  app.type('\u0003')
  expect(await app.ended).toEqual({ status: 0, signal: 0 })
  expectRestored(app)
})

test.each([
  ['SIGTERM', 15],
  ['SIGHUP', 1],
  ['SIGINT', 2],
] as const)('%s restores the terminal and ends the app as a signal does (19)', async (name, number) => {
  await using app = await openApp(await daemons())
  app.signal(name)
  expect(await app.ended).toEqual({ status: 0, signal: number })
  expectRestored(app)
})

test('a fault restores the terminal, is told, and gives status 1 (19)', async () => {
  const fault = encodeURIComponent("process.on('SIGCONT', () => { throw new Error('boom') })")
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${fault}` }
  await using app = await openApp(await daemons(), { env })
  app.signal('SIGCONT')
  expect(await app.ended).toEqual({ status: 1, signal: 0 })
  expectRestored(app)
  expect(app.screen).toMatch(/proxy-tui: .*boom/)
})

test('Ctrl-Z gives the terminal back to the shell, fg brings the app back (19)', async () => {
  const daemon = await daemons()
  await using shell = await openShell()
  shell.type(`${appCommand(daemon)}\r`)
  await shell.shows(/\[1 Overview/)
  shell.type('\u001a')
  await prompted(shell)
  expect(shell.screen).toMatch(/Stopped/)
  expect(shell.hasCursor).toBe(true)
  // Whether a paste is bracketed is the shell's own affair.
  expect(shell.emulator.modes.mouseTrackingMode).toBe('none')
  shell.type('stty -a\r')
  await shell.shows(/ icanon.* echo /s)
  shell.type('fg\r')
  await shell.until(() => shell.isAlternate && /\[1 Overview/.test(shell.screen), 'is back in the app')
  const { modes } = shell.emulator
  expect([modes.mouseTrackingMode, modes.bracketedPasteMode]).toEqual(['vt200', true])
  shell.type('3')
  await shell.shows(/\[3 Users/)
  shell.type('q')
  await prompted(shell)
  shell.type('echo status $?\r')
  await shell.shows(/^status 0$/m)
})

test('a killed app leaves a terminal that echoes (19)', async () => {
  const daemon = await daemons()
  await using shell = await openShell()
  shell.type(`${appCommand(daemon)}\r`)
  await shell.shows(/\[1 Overview/)
  const { pid } = await childOf(shell.pid)
  process.kill(pid, 'SIGTERM')
  await prompted(shell)
  shell.type('stty -a\r')
  await shell.shows(/ icanon.* echo /s)
})

test('without a terminal it says so and gives status 2', async () => {
  const outcome = await run(process.execPath, [program])
  expect(outcome).toMatchObject({ status: 2, stdout: '' })
  expect(outcome.stderr).toMatch(/^proxy-tui: .*needs a terminal.*--exec\n$/)
})

test('in a terminal that cannot place text it says so and gives status 2', async () => {
  await using app = openTerminal(process.execPath, [program], { env: { TERM: 'dumb' } })
  expect(await app.ended).toMatchObject({ status: 2 })
  expect(app.output).toMatch(/^proxy-tui: .*TERM=dumb/)
})

async function childOf(pid: number): Promise<{ pid: number }> {
  const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(pid)])
  return { pid: Number(stdout.trim().split('\n')[0]) }
}
