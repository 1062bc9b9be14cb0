import { expect, test } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, sharedDaemon } from '../helpers/daemon.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { openApp, sharedApp } from './open-app.ts'

const daemons = sharedDaemon()
const apps = sharedApp(daemons)
const oneConnectionOnly = sharedDaemon(['--max-connections', '1'])

test('Ctrl-L draws what something else wrote over, and twenty resizes leave no ghosts (3)', async () => {
  const app = await apps()
  app.type('?')
  await app.shows(/more time in the graphs/)
  // The first row tells the time.
  const still = () => app.lines.slice(1).join('\n')
  const drawn = still()
  await new Promise<void>((done) => app.emulator.write('\u001b[5;1Hsomething else wrote this\u001b[24;80H', done))
  expect(still()).toContain('something else wrote this')
  app.type('q\u000c?')
  await app.until(() => still() === drawn, 'looks as before')
  for (let step = 0; step < 20; step++) app.resize(72 + ((step * 37) % 90), 18 + ((step * 17) % 30))
  await app.until(() => app.lines.at(-1) !== '', 'fills the last of these sizes')
  app.resize(80, 24)
  await app.until(() => still() === drawn, 'looks as if it had never been resized')
  app.type('q')
})

test('many Ctrl-L at once draw the screen as one does', async () => {
  const app = await apps()
  app.type('\u000c\u000c\u000c\u000c?')
  await app.shows(/more time in the graphs/)
  app.type('\u000cq\u000c')
  await app.shows(/^\[1 Overview[\s\S]* q quit$/m)
})

test('a terminal that is too small is told both sizes, and gets the app once it is larger (2)', async () => {
  const app = await apps()
  app.resize(60, 15)
  await app.shows(/^ ↓ 0 B\/s +↑ 0 B\/s +0 connections .*nobody was refused.*60x15.* 72x18/s)
  expect(app.screen).not.toMatch(/Overview/)
  app.resize(80, 24)
  await app.shows(/\[1 Overview\].* q quit$/s)
})

test('--mini tells in as many lines as there are what moves, what is wrong and who is busiest', async () => {
  const daemon = await oneConnectionOnly()
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

test('what is wrong stands on top of the overview, and marks it on every page', async () => {
  const daemon = await oneConnectionOnly()
  const target = await startTarget()
  const client = await connectThrough(daemon.port('socks'), target)
  const server = await target.next()
  await using app = await openApp(daemon)
  await app.shows(/\[1 !Overview\].*\n ! 1 of at most 1 connections$/m)
  app.type('6')
  await app.shows(/ 1 !Overview .*\[6 Log\]/)
  client.finish()
  server.finish()
  await app.shows(/ 1 Overview .*\[6 Log\]/)
  app.type('1')
  await app.shows(/\[1 Overview\].*\n ↓ Down/)
})

test('connections fit into half of a divided terminal, where the last row tells what has happened, or the keys', async () => {
  await connect(await daemons())
  const app = await apps()
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
  app.type('\u0015\r')
  await app.shows(/ \? help {2}q quit$/)
})

test('a larger terminal is used: more graph, more columns', async () => {
  await connect(await daemons())
  const app = await apps()
  app.resize(160, 50)
  await app.shows(/Busiest destinations.*Health/s)
  expect(app.lines.filter((line) => /^ *[\d.]*[┤│]/.test(line)).length).toBeGreaterThan(12)
  app.type('2')
  await app.shows(/User +Client +Destination +Command +State .*Down\/s +Up\/s +Down +Up +Age/)
})

test('in a steady state it writes what has changed, and never clears the screen (4)', async () => {
  const app = await apps()
  const second = () => /up \S+/.exec(app.screen)?.[0]
  const changes = async () => {
    const now = second()
    await app.until(() => second() !== now, `shows another second than ${now}`)
  }
  // What the page begins with has come by then.
  await changes()
  const before = app.output.length
  await changes()
  const written = app.output.slice(before)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  expect(written).not.toMatch(/\u001b\[[0-3]?J/)
  expect(written.length).toBeLessThan(80 * 24)
})

test('CI in the environment does not turn the screen into a log', async () => {
  await using app = await openApp(await daemons(), { env: { CI: 'true' } })
  expect(app.isAlternate).toBe(true)
})

test('b tells rates in bits, and in bytes again', async () => {
  const app = await apps()
  await app.shows(/Down 0 B\/s {2}\(scale in B\/s\)/)
  app.type('b')
  await app.shows(/Down 0 bit\/s {2}\(scale in bit\/s\)/)
  app.type('b')
  await app.shows(/Down 0 B\/s/)
})

test('the graph can show more time', async () => {
  const app = await apps()
  await app.shows(/-1 min/)
  app.type('-')
  await app.shows(/-15 min/)
  app.type('+')
  await app.shows(/-1 min/)
})

test('names that lie are refused, and wide ones neither move the cursor nor break the columns (22)', async () => {
  const daemon = await daemons()
  for (const name of ['\u202egnp.exe', 'a\u200bb\u2028c', 'a\u200db', 'e\u0301', ' '])
    expect(await exec(daemon, `adduser '${name}'`)).toMatchObject({ status: 1, stdout: '' })
  const names = ['漢字', 'a\u20ddb', 'x\u0301'.repeat(5), 'x'.repeat(200)]
  for (const name of names) expect(await exec(daemon, `adduser '${name}'`)).toMatchObject({ status: 0 })
  const app = await apps()
  app.type('3')
  await app.shows(/4\/4 users/)
  const { active } = app.emulator.buffer
  const column = app.lines[3]?.indexOf('State') ?? -1
  const states = names.map((_, row) => active.getLine(4 + row)?.translateToString(false, column, column + 8))
  expect(states).toEqual(names.map(() => 'enabled '))
  expect(app.lines[23]).toMatch(/q quit$/)
})

test('the smallest terminal shows every part of every page', async () => {
  const app = await apps()
  app.resize(72, 18)
  await app.shows(/ now\n.* accepted \d .*Busiest.* Connections +1 min.* q quit$/s)
  app.type('2')
  await app.shows(/0\/0 connections\n User .* Age.* q quit$/s)
  app.type('3')
  await app.shows(/4\/4 users.*\n User.*\n>\S+ .* q quit$/s)
  app.type('D')
  await app.shows(/>.*Delete user .*\[ Cancel \].*yes/s)
  app.type('n')
})

test('a paste is text in a field, and nothing elsewhere', async () => {
  const app = await apps()
  const paste = (text: string) => app.type(`\u001b[200~${text}\u001b[201~`)
  app.type('3')
  await app.shows(/^>/m)
  paste('xyq')
  app.type('/')
  await app.shows(/^ \//m)
  paste('bo\r\u001b[2Jb\n')
  await app.shows(/filter: bo\[2Jb/)
  app.type('\u0015\r')
  await app.shows(/4\/4 users {3}a password/)
})

async function connect(daemon: Daemon): Promise<void> {
  await connectThrough(daemon.port('socks'), await startTarget())
}
