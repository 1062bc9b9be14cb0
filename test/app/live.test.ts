import { expect, test } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, sharedDaemon } from '../helpers/daemon.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { startTarget, type Target } from '../helpers/target.ts'
import type { Terminal } from '../helpers/terminal.ts'
import { startWebServer } from '../helpers/web-server.ts'
import { sharedApp } from './open-app.ts'

const esc = '\u001b'

const daemons = sharedDaemon()
const apps = sharedApp(daemons)
const alicesApps = sharedApp(sharedDaemon(['-u', 'alice:pw', '--auth', 'required']))

const curl = findProgram('curl')
/** What curl says if the proxy does not let it in. */
const refusedByProxy = 97

function fetch(daemon: Daemon, url: string, login = '', ...args: readonly string[]) {
  const proxy = `socks5://${login}[::1]:${daemon.port('socks')}`
  return run(curl ?? '', ['-sS', '--max-time', '60', '--proxy', proxy, url, ...args])
}

/** Rows of the table that have this, without the mark of the selected one. */
function rows(terminal: Terminal, having: RegExp): string[] {
  return terminal.lines.filter((line) => having.test(line)).map((line) => line.slice(1))
}

test('80x24 shows header, graphs, totals, table and keys, none of them cut (1)', async () => {
  const app = await alicesApps()
  await app.shows(/accepted 0 {2}failed 0/)
  await app.shows(/Up .* average /)
  expect(app.lines).toHaveLength(24)
  expect(app.lines[0]).toMatch(/^ proxyd \d.*\d+s +\S/)
  expect(app.lines[1]).toBe('[1 Overview] 2 Conns  3 Users  4 Rules  5 Bans  6 Log  7 Settings  8 Operators')
  expect(app.lines[2]).toMatch(/^ ↓ Down \S+ B\/s .* average \S+ B\/s$/)
  expect(app.lines.slice(3, 6).map((line) => line.slice(0, 6))).toEqual([' 1200┤', '  800┤', '  400┤'])
  expect(app.lines[6]).toMatch(/^ {4}0┼ -1 min [┈─]+ -45 s [┈─]+ -30 s [┈─]+ -15 s [┈─]+ now$/)
  expect(app.lines.slice(7, 10).map((line) => line.slice(0, 6))).toEqual(['  400┤', '  800┤', ' 1200┤'])
  expect(app.lines[10]).toMatch(/^ ↑ Up \S+ B\/s .* average \S+ B\/s$/)
  expect(app.screen).toMatch(/^ Nobody has come yet +Connections +1 min +total$/m)
  // Of keys that act while nobody is served and the graph cannot be shorter.
  expect(app.lines[23]).toBe(' - longer  l log  = one scale  z fix scale  c look  : command  ? help  q quit')
  expect(app.screen).not.toContain('…')
})

test.skipIf(!curl)('the graph moves while curl downloads, and cutting the connection ends the curl (10)', async () => {
  const daemon = await daemons()
  const block = Buffer.alloc(256 * 1024)
  const url = await startWebServer('127.0.0.1', (_, response) => {
    const write = () => response.destroyed || response.write(block, () => setImmediate(write))
    write()
  })
  const app = await apps()
  await app.shows(/Down 0 B\/s/)
  const download = fetch(daemon, url, '', '-o', '/dev/null')
  await app.shows(/Down [\d.]+ [MG]iB\/s/)
  await app.until(() => app.lines.slice(3, 8).some((line) => /[⠁-⣿]/.test(line.slice(6))), 'draws a line')
  app.type('2')
  await app.shows(/^>- .*127\.0\.0\.1:\d+ +[\d.]+ [MG]iB /m)
  app.type('x')
  await app.shows(/Cut this connection\?.*from \[::1\]:\d+.*to 127\.0\.0\.1:\d+.*\[ Cancel \]/s)
  app.type('\t\r')
  await app.shows(/cut 1 connection/)
  await app.shows(/0\/0 connections/)
  expect((await download).status).not.toBe(0)
})

test('Cancel is preselected, and cuts nothing', async () => {
  const daemon = await daemons()
  const { client, server } = await connection(daemon, await startTarget())
  const app = await apps()
  app.type('2')
  await app.shows(/1\/1 connections/)
  app.type('x')
  await app.shows(/\[ Cancel \]/)
  app.type('\r')
  await app.until(() => !/Cancel/.test(app.screen), 'has closed the dialog')
  server.write(Buffer.from('still there'))
  expect((await client.read(11)).toString()).toBe('still there')
  await app.shows(/1\/1 connections/)
})

test('the filter acts while it is typed, Enter keeps it, Esc clears it (9)', async () => {
  const daemon = await daemons()
  const [one, other] = [await startTarget(), await startTarget('::1')]
  await connection(daemon, one)
  await connection(daemon, other)
  const app = await apps()
  app.type('2')
  await app.shows(/2\/2 connections/)
  app.type(`/dst:${one.port}`)
  await app.shows(/1\/2 connections {3}filter: dst:/)
  app.type('\r')
  await app.shows(/^ x cut/m)
  expect(rows(app, /127\.0\.0\.1:/)).toHaveLength(1)
  app.type('X')
  await app.shows(/Cut 1 of 2 connections\?.*match the filter: dst:/s)
  app.type('y')
  await app.shows(/0\/1 connections/)
  app.type('\u001b')
  await app.shows(/1\/1 connections$/m)
  expect(rows(app, /\[::1\]:/)).toHaveLength(1)
})

test('the selection follows its connection, pause holds the table, and what has ended is not mistaken (7) (11) (12)', async () => {
  const daemon = await daemons()
  const target = await startTarget()
  const first = await connection(daemon, target)
  const app = await apps()
  app.resize(100, 24)
  app.type('2')
  const selected = `127.0.0.1:${first.client.socket.localPort}`
  await app.shows(new RegExp(`1/1 connections\n[\\s\\S]*^>- +${selected} `, 'm'))
  // Until a row is chosen the first one is selected, whichever that is. To see that it is, keys behind that one.
  app.type('g ')
  await app.shows(/PAUSED/)
  app.type(' ')
  await app.until(() => !/PAUSED/.test(app.screen), 'goes on')
  await connection(daemon, target)
  await connection(daemon, target)
  await app.shows(/3\/3 connections/)
  expect(app.lines.find((line) => line.startsWith('>'))).toContain(selected)
  app.type(' x')
  await app.shows(/PAUSED/)
  await app.shows(new RegExp(`from ${selected}`))
  first.client.finish()
  first.server.finish()
  await app.shows(/2 Connections 2/)
  await app.shows(/3\/3 connections/)
  app.type('y')
  await app.shows(/1 connection had ended before/)
  app.type(' ')
  await app.shows(/2\/2 connections/)
})

test('where nothing is selected there is nothing to cut', async () => {
  const app = await apps()
  app.type('2')
  await app.shows(/0\/0 connections/)
  app.type('x')
  await app.shows(/! nothing is selected/)
  app.type('?')
  await app.shows(/The keys here, lines 1 to/)
  expect(app.screen).not.toMatch(/nothing is selected/)
  app.type('q')
})

test.skipIf(!curl)('a user who is added without a password gets one, shown once, and can use it at once', async () => {
  const daemon = await daemons()
  const url = await startWebServer('127.0.0.1', (_, response) => response.end('hello'))
  const app = await apps()
  app.type('3')
  await app.shows(/0\/0 users/)
  app.type('a')
  await app.shows(/New user/)
  app.type('bob\r\r')
  const [, password = ''] = await app.shows(/The password of bob, shown only now:.*?(\w{12,})/s)
  // Enter once more than needed does not lose it.
  app.type('\r\ry')
  await app.shows(/shown only now:[\s\S]*copied; Esc closes it/)
  expect(app.output).toContain(`\u001b]52;c;${Buffer.from(password).toString('base64')}`)
  app.type(esc)
  await app.until(() => !app.screen.includes(password), 'has closed the dialog')
  await app.shows(/^>bob +enabled +0 /m)
  expect(await fetch(daemon, url, `bob:${password}@`)).toMatchObject({ status: 0, stdout: 'hello' })
  expect(await fetch(daemon, url)).toMatchObject({ status: refusedByProxy })
})

test.skipIf(!curl)(
  'a password is typed unseen and replaces the old one; disabling and deleting ask first',
  async () => {
    const daemon = await daemons()
    const url = await startWebServer('127.0.0.1', (_, response) => response.end('hello'))
    const app = await apps()
    app.type('3')
    await app.shows(/^>bob/m)
    app.type('p')
    await app.shows(/New password of bob/)
    app.type('opensesame')
    await app.shows(/Password +•{10}▏/)
    app.type('\ropensesamu')
    await app.shows(/! the two passwords differ/)
    app.type('\u007fe\r')
    await app.shows(/changed the password of bob/)
    expect(app.output).not.toContain('opensesame')
    expect(await fetch(daemon, url, 'bob:opensesame@')).toMatchObject({ status: 0 })

    app.type('E')
    await app.shows(/Disable user bob\?/)
    app.type('y')
    await app.shows(/^>bob +disabled/m)
    expect(await fetch(daemon, url, 'bob:opensesame@')).toMatchObject({ status: refusedByProxy })
    app.type('E')
    await app.shows(/^>bob +enabled/m)
    app.type('D')
    await app.shows(/Delete user bob\?/)
    app.type('y')
    await app.shows(/0\/0 users/)
  },
)

test('the Users page tells at once whether a password is required, whoever changed it', async () => {
  const daemon = await daemons()
  const app = await apps()
  app.resize(100, 24)
  app.type('3')
  await app.shows(/0\/0 users {3}no password is required/)
  app.type('abob\rsecret-of-bob\rsecret-of-bob\r')
  await app.shows(/added bob/)
  await app.shows(/3 Users 1\].*1\/1 users {3}a password is required/s)
  app.type('1')
  await app.until(() => !/added bob/.test(app.screen), 'has put what was said away with its page')
  await exec(daemon, 'adduser eve')
  await app.shows(/ 3 Users 2/)
  app.type('3D')
  await app.shows(/Delete user bob\?/)
  expect(app.screen).not.toMatch(/last user/)
  app.type('y')
  await app.shows(/deleted bob/)
  app.type('D')
  await app.shows(/Delete user eve\?.*It is the last user: from then on no password is required\./s)
  expect(app.screen).not.toMatch(/deleted bob/)
  app.type('y')
  await app.shows(/deleted eve/)
  await app.shows(/3 Users 0\].*0\/0 users {3}no password is required/s)
})

test('the last user of a proxy that always asks for a password is like any other', async () => {
  const app = await alicesApps()
  app.type('3')
  await app.shows(/^>alice/m)
  app.type('D')
  await app.shows(/Delete user alice\?.*\[ Cancel \]/s)
  expect(app.screen).not.toMatch(/last user/)
})

test('what the daemon would refuse is told before it is asked, and what it refuses stays to be mended', async () => {
  const daemon = await daemons()
  await exec(daemon, 'adduser bob')
  const app = await apps()
  app.type('3a')
  await app.shows(/New user/)
  app.type('\r\r')
  await app.shows(/! a name is needed/)
  app.type('\u001b[Z') // Shift-Tab
  app.type('bob')
  await app.shows(/! there is a user bob already/)
  app.type('by\r\r')
  await app.shows(/^ bobby +enabled/m)
})

async function connection(daemon: Daemon, target: Target) {
  const client = await connectThrough(daemon.port('socks'), target)
  return { client, server: await target.next() }
}
