import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Connection } from '../../shared/protocol/methods.ts'
import { stateAt } from '../../tui/app/state/state.ts'
import { connectionsTable } from '../../tui/app/tables/connections-table.ts'
import { menuItems } from '../../tui/app/tables/menus.ts'
import { columnsShown } from '../../tui/app/tables/table-spec.ts'
import { clipboardSequence } from '../../tui/app/terminal/clipboard.ts'
import { startControl } from '../control/start-control.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { program } from '../helpers/proxy-tui.ts'
import { startTarget, type Target } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal, type Terminal, type TerminalOptions } from '../helpers/terminal.ts'
import { openApp } from './open-app.ts'

const row = (n: number, fields: Partial<Connection> = {}): Connection => ({
  id: `c${n}`,
  state: 'open',
  user: n % 2 ? 'alice' : null,
  command: 'connect',
  client: `10.0.${n >> 8}.${n & 255}:4000`,
  destination: `host${n}.example.com:443`,
  address: '192.0.2.1:443',
  opened: 1000 * n,
  up: 0,
  down: n,
  ...fields,
})

/** The app on the page of the connections of a daemon that has these. */
async function openOn(rows: Connection[], options: TerminalOptions = {}): Promise<Terminal> {
  const { backend, runtimeDirectory } = await startControl()
  backend.connections.rows = rows
  const app = openTerminal(process.execPath, [program, '--runtime-dir', runtimeDirectory], options)
  await app.shows(/\[1 Overview\]/)
  app.type('2')
  await app.shows(new RegExp(`/${rows.length} connections`))
  return app
}

async function connection(daemon: Daemon, target: Target) {
  const client = await connectThrough(daemon.port('socks'), target)
  return { client, server: await target.next() }
}

test('10,000 connections are scrolled, filtered, sorted, and cut (6)', async () => {
  await using app = await openOn(Array.from({ length: 10_000 }, (_, n) => row(n)))
  await app.shows(/10000\/10000 connections\n.*\n>.*host9999\./)
  app.type('G')
  await app.shows(/^>.*host0\./m)
  app.type('/dst:host7*.example.com user:alice\r')
  await app.shows(/556\/10000 connections/)
  app.type('\u001b')
  await app.shows(/10000\/10000 connections/)
  app.type('su')
  await app.shows(/^ User▲/m)
  app.type('X')
  await app.shows(/Cut 10000 of 10000 connections\?.*No filter is set.*and 9997 more/s)
  app.type('y')
  await app.shows(/cut 10000 connections/)
})

test('every column sorts both ways (8)', async () => {
  await using app = await openOn(
    Array.from({ length: 3 }, (_, n) => row(n)),
    { columns: 170 },
  )
  const placed = columnsShown(connectionsTable.columns, null, 170)
  for (const { key, title } of menuItems(stateAt(['here']), { about: 'sort', page: 'connections' })) {
    if (!placed.some(({ header }) => header === title)) continue
    // By the age they are sorted already.
    app.type(`s${key}`)
    const [, first = ''] = await app.shows(new RegExp(` ${title}([▲▼])`))
    app.type(`s${key}`)
    await app.shows(new RegExp(` ${title}${first === '▲' ? '▼' : '▲'}`))
  }
})

test('a menu shows what it is sorted by, and goes by arrows, too', async () => {
  const cwd = await temporaryFolder()
  const rows = [row(1), row(2, { destination: 'host1.example.com:80' }), row(3, { paced: 'user' })]
  await using app = await openOn(rows, { cwd, columns: 100 })
  app.type('s')
  // The table stays in sight beside it.
  await app.shows(/Sort by +│\n[\s\S]*^>c?.*alice.*│[\s\S]*│> A \* Age +upwards now/m)
  app.type('\u001b[A\r')
  await app.shows(/^ User .* Up▼/m)

  // A named filter: the same again takes it off. What is typed can be kept under a name.
  app.type('f3')
  await app.shows(/1\/3 connections {3}filter: state:paced/)
  app.type('f3')
  await app.shows(/3\/3 connections\n/)
  app.type('/user:alice\rf+')
  await app.shows(/Keep user:alice as: /)
  app.type('hers\r')
  await app.shows(/│ {2}6 \* hers +user:alice/m)
  app.type('\u001b')
  await app.until(() => !/Filters;/.test(app.screen), 'closes the menu')
  app.type('w')
  await app.shows(/Write 2 rows into a file\?/)
  app.type('\r')
  const [, file = ''] = await app.shows(/wrote (proxyd-connections-\S+\.csv): 2 rows/)
  expect(await readFile(join(cwd, file), 'utf8')).toMatch(
    /^id,user,client,[^\r]*\r\n(c[13],alice,10\.0\.0\.[13]:4000,host.*\r\n){2}$/,
  )

  // Summed up by where they go, and cut together.
  app.type('\u001b')
  await app.shows(/3\/3 connections/)
  app.type('Bd')
  await app.shows(/2\/2 sums by destination\n Of .*\n>host1\.example\.com +2 .*\n~host3\.example\.com +1 /)
  app.type('\r')
  await app.shows(/2\/3 connections {3}filter: dst:host1\.example\.com/)
  app.type('Bdx')
  await app.shows(/Cut 2 connections of destination host1\.example\.com\?.*\[ Cancel \]/s)
  app.type('y')
  await app.shows(/cut 2 connections/)
})

test('columns can be chosen', async () => {
  await using app = await openOn([row(1)], { columns: 160 })
  expect(app.screen).not.toMatch(/ Id |192\.0\.2\.1/)
  app.type('C')
  await app.shows(/│> \[ \] Id/m)
  app.type(' jjjj ')
  await app.shows(/\[x\] Id.*│> \[x\] Address/ms)
  app.type('jjjj \r')
  await app.shows(/^ Id +User +Client +Destination +Address +Command +State +Paced by +Up\/s/m)
  expect(app.screen).toMatch(/^>c1 +alice .* 192\.0\.2\.1:443 /m)
})

test('those that are marked are cut, whatever the filter shows (10)', async () => {
  const daemon = await startDaemon()
  const target = await startTarget()
  const kept = await connection(daemon, target)
  await connection(daemon, target)
  await connection(daemon, target)
  await using app = await openApp(daemon)
  app.type('2g')
  await app.shows(/3\/3 connections/)
  app.type('mm')
  await app.shows(/2 marked\n.*\n\*.*\n\*.*\n>- /)
  app.type('/nothing like it\r')
  await app.shows(/0\/3 connections {3}filter: nothing like it {3}\? tells how to filter {3}2 marked/)
  app.type('X')
  await app.shows(/Cut 2 marked of 3 connections\?.*The filter hides 2 of them\..*\[ Cancel \]/s)
  app.type('y')
  await app.shows(/cut 2 connections/)
  app.type('\u001b')
  await app.shows(/1\/1 connections\n/)
  kept.server.write(Buffer.from('alive'))
  expect((await kept.client.read(5)).toString()).toBe('alive')
  app.type('M')
  await app.shows(/1 marked/)
  // One that has come meanwhile has no mark: it is no reason to mark them all again.
  await connection(daemon, target)
  await app.shows(/2\/2 connections/)
  app.type('M')
  await app.until(() => !/marked/.test(app.screen), 'has no mark any longer')
  app.type('M')
  await app.shows(/2 marked/)
  app.type('\u001b')
  await app.until(() => !/marked/.test(app.screen), 'has no mark any longer, since all rows are shown')
})

test('the detail follows its connection, and tells its end and final counts', async () => {
  const daemon = await startDaemon()
  const target = await startTarget()
  const { client, server } = await connection(daemon, target)
  server.write(Buffer.alloc(100_000))
  await client.read(100_000)
  await using app = await openApp(daemon)
  app.type('2')
  await app.shows(/1\/1 connections/)
  app.type('\r')
  // What moved before it was looked at is in its graph, as the average.
  await app.shows(/Average +down [\d.]+ [KM]?i?B\/s[\s\S]*┤[⠁-⣿]/)
  await app.shows(/Connection \S+ {3}open, for .*Destination {2}127\.0\.0\.1:.*Limits +timeout-idle 1h/s)
  await app.shows(/Timeline +negotiating.*\n +connecting.*\n +open /)
  server.write(Buffer.alloc(3 * 1024))
  await client.read(3 * 1024)
  await app.shows(/Moved +down 101 KiB/)
  await app.shows(/^ x cut /m)
  app.type('x')
  await app.shows(/Cut this connection\?/)
  app.type('y')
  await app.shows(/cut 1 connection/)
  await app.shows(/Connection \S+ {3}ended .* after .*: cut.*Moved +down 101 KiB/s)
  await app.until(() => !/x cut/.test(app.screen), 'offers no more to cut it')
  app.type('x')
  await app.shows(/! that connection has ended/)
  app.type('\u001b')
  await app.shows(/0\/0 connections/)
})

test('a paced one says so, and its detail by whose rate', async () => {
  await using app = await openOn([row(1, { paced: 'everybody' })], { columns: 140 })
  await app.shows(/Paced by[\s\S]*host1\..* paced +everybody /)
  app.type('\r')
  await app.shows(/Connection c1 {3}open, paced by the rate of everybody together, for/)
})

test('the detail of one that the daemon has forgotten says so', async () => {
  const { backend, runtimeDirectory } = await startControl()
  backend.connections.rows = [row(1)]
  await using app = openTerminal(process.execPath, [program, '--runtime-dir', runtimeDirectory])
  await app.shows(/\[1 Overview\]/)
  app.type('2')
  await app.shows(/1\/1 connections/)
  app.type('\r')
  await app.shows(/Connection c1 {3}open/)
  backend.connections.change([], ['c1'])
  await app.shows(/Connection c1 {3}ended; the daemon does not remember how/)
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const clipboard = /\u001b\]52;c;([\w+/=]*)\u0007/g

/** What the terminal was asked to put into the clipboard, last of all. */
function copied(app: Terminal): string {
  const [, coded = ''] = [...app.output.matchAll(clipboard)].at(-1) ?? []
  return Buffer.from(coded, 'base64').toString()
}

test('what is copied goes through the terminal, and hostile text neither moves the cursor nor is copied whole (22)', async () => {
  const hostile = '\u001b[2J\u001b]52;c;QUFB\u0007\u202eevil.example:443'
  await using app = await openOn([row(1, { destination: hostile, user: 'a\nb\u0007' })])
  await app.shows(/^>a␊b␇ .*␛\[2J.*\.example:443/m)
  app.type('y')
  await app.shows(/Copy what\?/)
  app.type('\r')
  await app.shows(/copied .*evil\.example:443/)
  expect(copied(app)).toBe('[2J]52;c;QUFBevil.example:443')
  app.type('yj\r')
  await app.shows(/copied 10\.0\.0\.1:4000/)
  expect(copied(app)).toBe('10.0.0.1:4000')
  app.type('\r')
  await app.shows(/^ Destination {2}␛\[2J.*evil\.example:443 at 192\.0\.2\.1:443$/m)
  expect(app.lines[0]).toMatch(/^ proxyd/)
  expect(app.output).not.toContain(hostile)
})

test('the clipboard gets no more than terminals take, and tmux gets it both ways', () => {
  const plain = '\u001b]52;c;YWI=\u0007'
  expect(clipboardSequence('a\u0000b', {})).toBe(plain)
  expect(clipboardSequence('ab', { TMUX: '/tmp/tmux-0/default,1,0' })).toBe(
    `${plain}\u001bPtmux;\u001b${plain}\u001b\\`,
  )
  expect(clipboardSequence('x'.repeat(6144), {})).toHaveLength(8192 + plain.length - 4)
  expect(clipboardSequence('x'.repeat(6145), {})).toBeNull()
  expect(clipboardSequence('ab', { TERM: 'linux' })).toBeNull()
})
