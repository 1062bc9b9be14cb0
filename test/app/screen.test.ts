import { expect, test } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'
import { openTerminal, type Terminal } from '../helpers/terminal.ts'
import { openApp } from './open-app.ts'

test('a terminal that is too small is told both sizes, and gets the app once it is larger (2)', async () => {
  await using app = await openApp(await startDaemon())
  app.resize(60, 15)
  await app.shows(/^ ↓ 0 B\/s +↑ 0 B\/s +0 connections .*nobody was refused.*60x15.* 72x18/s)
  expect(app.screen).not.toMatch(/Overview/)
  app.resize(80, 24)
  await app.shows(/\[1 Overview\].* q quit$/s)
})

test('--mini tells in as many lines as there are what moves, what is wrong and who is busiest', async () => {
  const daemon = await startDaemon(['--max-connections', '1'])
  const client = await connectThrough(daemon.port('socks'), await startTarget())
  const args = [program, '--runtime-dir', daemon.folders.runtime, '--mini']
  await using app = openTerminal(process.execPath, args, { columns: 80, rows: 3 })
  await app.shows(/^ ↓ 0 B\/s +↑ 0 B\/s +1 connection .*\n ! 1 of at most 1 connections\n nobody moves anything$/)
  app.resize(80, 1)
  await app.shows(/^ ↓ 0 B\/s +↑ 0 B\/s +1 connection +! 1 of at most 1 connections/)
  app.resize(120, 40)
  await app.until(() => app.lines.filter((line) => line !== '').length === 3, 'has three lines still')
  client.finish()
  app.type('q')
  expect(await app.ended).toMatchObject({ status: 0 })
})

test('the smallest terminal shows every part of every page', async () => {
  await using app = await openApp(await startDaemon(['-u', 'bob:pw']), { columns: 72, rows: 18 })
  await app.shows(/ now\n.* accepted 0 .*Busiest.* Connections +1 min.* q quit$/s)
  app.type('2')
  await app.shows(/0\/0 connections\n User .* Age.* q quit$/s)
  app.type('3')
  await app.shows(/1\/1 users.*\n User.*\n>bob .* q quit$/s)
  app.type('D')
  await app.shows(/>bob.*Delete user bob\?.*\[ Cancel \].*yes/s)
})

test('connections fit into half of a divided terminal, where the last row tells what has happened, or the keys', async () => {
  const daemon = await startDaemon()
  await connect(daemon)
  await using app = await openApp(daemon)
  app.resize(60, 8)
  await app.shows(/60x8.* 72x18.*2 shows the\s+connections/s)
  app.type('2')
  await app.shows(/^ proxyd .*\n 1\/1 connections\n User .*Down\/s .*Age▲\n>- .*\n[\s\S]* \? help {2}q quit$/)
  app.type('x')
  await app.shows(/Cut this connection\?.*\n.*\n.*\n.*\[ Cancel \]/)
  app.type('\t\r')
  await app.shows(/ cut 1 connection$/)
  app.type('/bob')
  await app.shows(/ \/bob.$/)
})

test('twenty resizes leave no ghosts (3)', async () => {
  const daemon = await startDaemon()
  await using app = await openApp(daemon)
  app.type('?')
  await app.shows(/more time in the graphs/)
  for (let step = 0; step < 20; step++) app.resize(72 + ((step * 37) % 90), 18 + ((step * 17) % 30))
  app.resize(100, 30)
  await using fresh = await openApp(daemon, { columns: 100, rows: 30 })
  fresh.type('?')
  await fresh.shows(/more time in the graphs/)
  // The first row tells the time.
  const still = (terminal: Terminal) => terminal.lines.slice(1).join('\n')
  await app.until(() => still(app) === still(fresh), 'looks like one that was never resized')
})

test('a larger terminal is used: more graph, more columns', async () => {
  const daemon = await startDaemon()
  await connect(daemon)
  await using app = await openApp(daemon, { columns: 160, rows: 50 })
  await app.shows(/Busiest destinations.*Health/s)
  expect(app.lines.filter((line) => /^ *[\d.]*[┤│]/.test(line)).length).toBeGreaterThan(12)
  app.type('2')
  await app.shows(/User +Client +Destination +Command +State .*Down\/s +Up\/s +Down +Up +Age/)
})

test('in a steady state it writes what has changed, and never clears the screen (4)', async () => {
  const daemon = await startDaemon()
  await using app = await openApp(daemon)
  await app.shows(/up [2-9]s/)
  const before = app.output.length
  const [, second] = /up (\d+)s/.exec(app.screen) ?? []
  // On a busy machine a second may be passed over.
  await app.shows(new RegExp(`up (?!${second}s)\\d+m?\\d*s`))
  const written = app.output.slice(before)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  expect(written).not.toMatch(/\u001b\[[0-3]?J/)
  expect(written.length).toBeLessThan(80 * 24)
})

test('NO_COLOR gives no color and no style at all, and the selection still shows (20)', async () => {
  const daemon = await startDaemon(['-u', 'bob:pw'])
  await using app = await openApp(daemon, { env: { NO_COLOR: '1' } })
  await app.shows(/-1 min/)
  app.type('3')
  await app.shows(/^>bob/m)
  app.type('D')
  await app.shows(/\[ Cancel \]/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  expect(app.output).not.toMatch(/\u001b\[[\d;:]*m/)
})

test('a locale without UTF-8 gets ASCII only', async () => {
  const daemon = await startDaemon(['-u', 'bøb:pw'])
  await using app = await openApp(daemon, { env: { LANG: 'C', LC_ALL: undefined, LC_CTYPE: undefined } })
  await app.shows(/^ {4}0\+ -1 min [.-]+/m)
  app.type('3')
  await app.shows(/^>b\?b/m)
  app.type('D')
  await app.shows(/\[ Cancel \]/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what ASCII is
  expect(app.output).toMatch(/^[\u0000-\u007f]*$/)
})

test('CI in the environment does not turn the screen into a log', async () => {
  await using app = await openApp(await startDaemon(), { env: { CI: 'true' } })
  expect(app.isAlternate).toBe(true)
})

test('names that lie are refused, and wide ones neither move the cursor nor break the columns (22)', async () => {
  const daemon = await startDaemon()
  for (const name of ['\u202egnp.exe', 'a\u200bb\u2028c', ' '])
    expect(await exec(daemon, `adduser '${name}'`)).toMatchObject({ status: 1, stdout: '' })
  const names = ['漢字', 'a\u200db', 'e\u0301'.repeat(5), 'x'.repeat(200)]
  for (const name of names) expect(await exec(daemon, `adduser '${name}'`)).toMatchObject({ status: 0 })
  await using app = await openApp(daemon)
  app.type('3')
  await app.shows(/4\/4 users/)
  const { active } = app.emulator.buffer
  const column = app.lines[3]?.indexOf('State') ?? -1
  const states = names.map((_, row) => active.getLine(4 + row)?.translateToString(false, column, column + 8))
  expect(states).toEqual(names.map(() => 'enabled '))
  expect(app.lines[23]).toMatch(/q quit$/)
})

test('Ctrl-L draws the screen anew', async () => {
  await using app = await openApp(await startDaemon())
  app.type('?')
  await app.shows(/more time in the graphs/)
  const drawn = app.lines.slice(1)
  app.emulator.write('\u001b[5;1Hsomething else wrote this\u001b[24;80H')
  await app.shows(/something else/)
  app.type('q\u000c?')
  await app.until(() => app.lines.slice(1).join('\n') === drawn.join('\n'), 'looks as before')
})

test('b tells rates in bits, and in bytes again', async () => {
  await using app = await openApp(await startDaemon())
  await app.shows(/Down 0 B\/s {2}\(scale in B\/s\)/)
  app.type('b')
  await app.shows(/Down 0 bit\/s {2}\(scale in bit\/s\)/)
  app.type('b')
  await app.shows(/Down 0 B\/s/)
})

test('the graph can show more time', async () => {
  await using app = await openApp(await startDaemon())
  await app.shows(/-1 min/)
  app.type('-')
  await app.shows(/-15 min/)
  app.type('+')
  await app.shows(/-1 min/)
})

test('a paste is text in a field, and nothing elsewhere', async () => {
  const daemon = await startDaemon(['-u', 'bob:pw'])
  await using app = await openApp(daemon)
  const paste = (text: string) => app.type(`\u001b[200~${text}\u001b[201~`)
  app.type('3')
  await app.shows(/^>bob/m)
  paste('xyq')
  app.type('/')
  await app.shows(/^ \//m)
  paste('bo\r\u001b[2Jb\n')
  await app.shows(/filter: bo\[2Jb/)
})

async function connect(daemon: Daemon): Promise<void> {
  await connectThrough(daemon.port('socks'), await startTarget())
}
