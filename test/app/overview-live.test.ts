import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatBytes } from '../../shared/format/bytes.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'
import { openTerminal, type Terminal } from '../helpers/terminal.ts'
import { openApp } from './open-app.ts'

/** Rows of both sides of the graph on 80x24, between the titles and the axis. */
const graphRows = { down: [3, 6], up: [7, 10] } as const

/** What one side of the graph on 80x24 shows. */
function marks(app: Terminal, side: 'down' | 'up'): string {
  const rows = app.lines.slice(...graphRows[side]).map((line) => line.slice(6))
  return rows.join('').replaceAll(' ', '')
}

/** The labels of both sides, from the top down. */
function labels(app: Terminal): (string | undefined)[] {
  return app.lines.slice(graphRows.down[0], graphRows.up[1]).map((line) => /^ *([\d.]+)[┤┼]/.exec(line)?.[1])
}

/** Moves so many bytes to a client of this daemon, of `user` if there is one. Resolves when they have arrived. */
async function download(daemon: Daemon, bytes: number, user?: string): Promise<void> {
  const target = await startTarget()
  const port = daemon.port('socks')
  const client = user === undefined ? await connectThrough(port, target) : await connectAs(user, port, target)
  const server = await target.next()
  server.write(Buffer.alloc(bytes))
  await client.read(bytes)
}

async function connectAs(user: string, port: number, { host, port: to }: { host: string; port: number }) {
  const client = await connectPeer('127.0.0.1', port)
  client.write(greetingForLogin)
  await client.read(2)
  client.write(login(user, 'pw'))
  await client.read(2)
  client.write(request(host, to))
  await expectReply(client, succeeded)
  return client
}

/** Wait until the daemon's history of the last minute has this many bytes down in steps that are over. */
async function isRemembered(daemon: Daemon, bytes: number): Promise<void> {
  const client = await operate(daemon)
  await eventually(async () => {
    const down: readonly (number | null)[] = (await client.call('metrics.history', { range: '1m' })).result.down
    expect(down.slice(0, -1).reduce((sum: number, rate) => sum + (rate ?? 0), 0)).toBeGreaterThanOrEqual(0.9 * bytes)
  })
  client.socket.destroy()
}

test('what moved before the app was started is in its graph (13)', async () => {
  const daemon = await startDaemon()
  await download(daemon, 100_000)
  await isRemembered(daemon, 100_000)
  await using app = await openApp(daemon)
  await app.until(() => marks(app, 'down') !== '', 'draws what was downloaded')
  await app.shows(/Down 0 B\/s/)
  expect(marks(app, 'up')).toBe('')
  for (const length of ['-15 min', '-1 h', '-24 h']) {
    app.type('-')
    await app.shows(new RegExp(`${length} .* now`))
    await app.until(() => marks(app, 'down') !== '', `draws it in a graph of ${length}`)
  }
})

test('what moved before the daemon was started anew is in its longer graphs', async () => {
  const folders = await temporaryFolders()
  const first = await startDaemon([], { folders })
  await download(first, 100_000_000)
  await first.stop()
  const daemon = await startDaemon([], { folders })
  await using app = await openApp(daemon)
  app.type('--')
  await app.shows(/-1 h .* now/)
  expect(marks(app, 'down')).toBe('')
  for (const length of ['-24 h', '-31 d', '-400 d']) {
    app.type('-')
    await app.shows(new RegExp(`${length} .* now`))
    await app.until(() => marks(app, 'down') !== '', `draws it in a graph of ${length}`)
  }
})

test('each side has a scale, or both one, which follows or is held; a trickle shows a dot (14)', async () => {
  const daemon = await startDaemon()
  await using app = await openApp(daemon)
  app.type('>>>')
  await app.shows(/Down .*\(scale in KiB\/s, fixed\)(.*\n)*.*Up .*\(scale in KiB\/s, fixed\)/)
  const even = ['12', '8', '4']
  expect(labels(app)).toEqual([...even, '0', ...even.toReversed()])
  await download(daemon, 3)
  await app.until(() => marks(app, 'down') !== '', 'shows three bytes')
  expect(marks(app, 'up')).toBe('')
  expect(app.screen).not.toContain('▴')
  await download(daemon, 500_000)
  await app.shows(/Down .* peak \S+ KiB\/s, above the scale/)
  expect(app.lines[graphRows.down[0]]).toMatch(/^ +12┤ .*▴/)
  app.type('z')
  await app.shows(/Down .*\(scale in [KM]iB\/s\)(.*\n)*.*Up .*\(scale in B\/s\)/)
  expect(app.screen).not.toContain('▴')
  app.type('=')
  await app.shows(/Down .*\(scale in ([KM])iB\/s\)(.*\n)*.*Up .*\(scale in \1iB\/s\)/)
  const shared = labels(app)
  expect(shared).toEqual(shared.toReversed())
  app.type('l')
  await app.shows(/\(scale in KiB\/s, log\)(.*\n)*.*\(scale in KiB\/s, log\)/)
  const [top, ...tenths] = labels(app).slice(0, 3).map(Number)
  expect(tenths).toEqual([1, 2].map((power) => (top ?? 0) / 10 ** power))
})

test('totals and rates agree with what the daemon says, in bytes or bits (15)', async () => {
  const daemon = await startDaemon()
  await download(daemon, 123_456)
  await using app = await openApp(daemon)
  await app.shows(/Now {2}\d connections? {3}down 121 KiB {2}up 0 B/)
  const { sample } = JSON.parse((await exec(daemon, 'raw status.get', '--json')).stdout)
  expect(sample.down).toBe(123_456)
  expect(formatBytes(sample.down)).toBe('121 KiB')
  expect(app.screen).toContain(`accepted ${sample.accepted}  failed ${sample.failed}`)
  app.type('b')
  await app.shows(/Down [\d.]+ k?bit\/s {2}\(scale in [kM]?bit\/s\)/)
})

test('a user who is selected among the busiest has graphs of their own until Esc', async () => {
  const daemon = await startDaemon(['-u', 'alice:pw', '-u', 'bob:pw'])
  await download(daemon, 200_000, 'alice')
  await download(daemon, 100, 'bob')
  await isRemembered(daemon, 200_100)
  await using app = await openApp(daemon)
  app.type('\r')
  await app.shows(/! nobody is selected/)
  app.type('jk')
  await app.shows(/^>(alice|bob) /m)
  const isOnBob = /^>bob /m.test(app.screen)
  app.type(isOnBob ? '\r' : 'j\r')
  await app.shows(/Down .* of bob (.*\n)*.*Up .* of bob /)
  await app.until(() => marks(app, 'down') !== '', "draws bob's")
  expect(app.screen).toMatch(/ of bob .*B\/s\)/)
  app.type('\u001b')
  await app.shows(/Down \S+ \S+ {2}\(scale in [KM]iB\/s\)/)
  expect(app.screen).not.toMatch(/^>/m)
})

test('a click selects one of the busiest users, and again shows the graphs of that one', async () => {
  const daemon = await startDaemon(['-u', 'alice:pw', '-u', 'bob:pw'])
  await download(daemon, 200_000, 'alice')
  await download(daemon, 100, 'bob')
  await using app = await openApp(daemon)
  const click = () => {
    const row = app.lines.findIndex((line) => /^.bob /.test(line))
    app.type(`\u001b[<0;4;${row + 1}M`)
  }
  await app.shows(/^ bob /m)
  click()
  await app.shows(/^>bob /m)
  expect(app.screen).not.toContain('of bob')
  click()
  await app.shows(/Down .* of bob /)
})

test('a large terminal shows what ended last, too', async () => {
  const daemon = await startDaemon(['-u', 'alice:pw'])
  await using app = await openApp(daemon, { columns: 200, rows: 55 })
  const target = await startTarget()
  const client = await connectAs('alice', daemon.port('socks'), target)
  const server = await target.next()
  client.finish()
  server.finish()
  await app.shows(/Ended +Reason +User +Destination.*\n.*\d\d:\d\d:\d\d finished +alice +\S+:\d+/)
})

test("the graphs are everybody's again once their user is deleted", async () => {
  const daemon = await startDaemon()
  await exec(daemon, 'raw users.add {"name":"eve","password":"pw"}; raw users.add {"name":"bob","password":"pw"}')
  await download(daemon, 1000, 'eve')
  await using app = await openApp(daemon)
  await app.shows(/^ eve +1 /m)
  app.type('j\r')
  await app.shows(/ of eve /)
  await exec(daemon, 'deluser eve')
  await app.shows(/! that user is gone; the graphs show everybody/)
  expect(app.screen).not.toMatch(/ of eve /)
})

test('a restart of the daemon leaves a gap in the graph, and what was seen before', async () => {
  const daemon = await startDaemon()
  await download(daemon, 100_000)
  await isRemembered(daemon, 100_000)
  await using app = openTerminal(process.execPath, [program, '--socket', join(daemon.folders.runtime, 'proxyd.sock')])
  await app.until(() => marks(app, 'down') !== '', 'draws what was downloaded')
  await daemon.kill()
  await app.shows(/^ disconnected/)
  expect(marks(app, 'down')).not.toBe('')
  await startDaemon([], { folders: daemon.folders })
  await app.shows(/^ proxyd \d.*accepted 0/s)
  await app.shows(/up 3s/)
  expect(marks(app, 'down')).not.toBe('')
})

test('without colour a graph has none either, however it is drawn (20)', async () => {
  const daemon = await startDaemon()
  await download(daemon, 100_000)
  await isRemembered(daemon, 100_000)
  await using app = await openApp(daemon, { env: { NO_COLOR: '1' } })
  for (const [drawing, characters] of Object.entries({
    braille: /[\u2801-\u28ff]/,
    blocks: /[▁-█]/,
    ASCII: /[|:.]/,
  })) {
    await app.until(() => characters.test(marks(app, 'down')), `draws in ${drawing}`)
    app.type('c')
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  expect(app.output).not.toMatch(/\u001b\[[\d;:]*m/)
})

test('without UTF-8 graphs are ASCII, whatever is chosen', async () => {
  const daemon = await startDaemon()
  await download(daemon, 100_000)
  await isRemembered(daemon, 100_000)
  const env = { LANG: 'C', LC_ALL: undefined, LC_CTYPE: undefined }
  await using app = await openApp(daemon, { env, columns: 160, rows: 45 })
  app.type('c')
  await app.shows(/Down .*\n(.*\n)* +[\d.]*[+|] +[|:](.*\n)*.*Health/)
  await app.shows(/^ \(no login\) .*[_#]/m)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what ASCII is
  expect(app.output).toMatch(/^[\u0000-\u007f]*$/)
})

test('what is wrong stands on top of the overview, and marks it on every page', async () => {
  const daemon = await startDaemon(['--max-connections', '1'])
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

test('each size is filled to its last row, with nothing over its edges', async () => {
  const daemon = await startDaemon(['-u', 'alice:pw'])
  await download(daemon, 100_000, 'alice')
  for (const [columns, rows] of [
    [72, 18],
    [100, 30],
    [160, 45],
    [240, 60],
  ] as const)
    await expectFilled(daemon, columns, rows)
})

async function expectFilled(daemon: Daemon, columns: number, rows: number): Promise<void> {
  await using app = await openApp(daemon, { columns, rows })
  await app.shows(/^ alice +1 /m)
  expect(app.lines[rows - 1]).toMatch(/ q quit$/)
  expect(app.lines[2]).toMatch(/^ ↓ Down/)
  expect(app.screen).toMatch(/Now {2}1 connection /)
  expect(app.screen).toMatch(/ Connections +1 min +total$/m)
  expect(/^ Log$/m.test(app.screen)).toBe(columns >= 140)
  // While there is something to tell no row of the page is blank.
  expect(app.lines.slice(2, -2)).not.toContain('')
}
