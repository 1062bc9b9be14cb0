import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatBytes } from '../../shared/format/bytes.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, sharedDaemon, startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'
import { openTerminal, type Terminal } from '../helpers/terminal.ts'
import { openApp } from './open-app.ts'

/** Nothing is sent through it but to clients. */
const anybodys = sharedDaemon()
const alicesAndBobs = sharedDaemon(['-u', 'alice:pw', '-u', 'bob:pw', '-u', 'bøb:pw'])

/** Rows of one side of the graph on 80x24: all between its title and the axis. A line about what is wrong moves them. */
function graphRows(app: Terminal, side: 'down' | 'up'): string[] {
  const { lines } = app
  const rowOf = (pattern: RegExp) => lines.findIndex((line) => pattern.test(line))
  const axis = rowOf(/^ +0[┼+]/)
  return side === 'down' ? lines.slice(rowOf(/ Down /) + 1, axis) : lines.slice(axis + 1, rowOf(/ Up /))
}

/** What one side of the graph on 80x24 shows. */
function marks(app: Terminal, side: 'down' | 'up'): string {
  const rows = graphRows(app, side).map((line) => line.slice(6))
  return rows.join('').replaceAll(' ', '')
}

/** The labels of both sides, from the top down. */
function labels(app: Terminal): (string | undefined)[] {
  const axis = app.lines.filter((line) => /^ +0┼/.test(line))
  const rows = [...graphRows(app, 'down'), ...axis, ...graphRows(app, 'up')]
  return rows.map((line) => /^ *([\d.]+)[┤┼]/.exec(line)?.[1])
}

/** Moves so many bytes to a client of this daemon, of `user` if there is one. Resolves when they have arrived. */
async function download(daemon: Daemon, bytes: number, user?: string) {
  const target = await startTarget()
  const port = daemon.port('socks')
  const client = user === undefined ? await connectThrough(port, target) : await connectAs(user, port, target)
  const server = await target.next()
  server.write(Buffer.alloc(bytes))
  await client.read(bytes)
  return { client, server }
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

test('each side has a scale, or both one, which follows or is held; a trickle shows a dot (14)', async () => {
  const daemon = await anybodys()
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
  await app.shows(/Down .* peak \S+ [KM]iB\/s, above the scale/)
  expect(graphRows(app, 'down')[0]).toMatch(/^ +12┤ .*▴/)
  app.type('z')
  await app.shows(/Down .*\(scale in [KM]iB\/s\)(.*\n)*.*Up .*\(scale in B\/s\)/)
  expect(app.screen).not.toContain('▴')
  app.type('=')
  await app.shows(/Down .*\(scale in ([KM])iB\/s\)(.*\n)*.*Up .*\(scale in \1iB\/s\)/)
  const shared = labels(app)
  expect(shared).toEqual(shared.toReversed())
  app.type('l')
  await app.shows(/\(scale in [KM]iB\/s, log\)(.*\n)*.*\(scale in [KM]iB\/s, log\)/)
  const [top, ...tenths] = labels(app).slice(0, 3).map(Number)
  expect(tenths).toEqual([1, 2].map((power) => (top ?? 0) / 10 ** power))
})

test('what moved before the app was started is in its graphs and totals, in bytes or bits (13) (15)', async () => {
  const daemon = await anybodys()
  const client = await operate(daemon)
  const before = (await client.call('status.get')).result.sample
  await download(daemon, 123_456)
  await isRemembered(daemon, 123_456)
  const { sample } = (await client.call('status.get')).result
  expect(sample.down - before.down).toBe(123_456)
  await using app = await openApp(daemon)
  await app.until(() => marks(app, 'down') !== '', 'draws what was downloaded')
  await app.shows(/Down 0 B\/s/)
  expect(marks(app, 'up')).toBe('')
  expect(app.screen).toContain(`down ${formatBytes(sample.down)}  up 0 B `)
  expect(app.screen).toContain(`accepted ${sample.accepted}  failed ${sample.failed}`)
  for (const length of ['-15 min', '-1 h', '-24 h']) {
    app.type('-')
    await app.shows(new RegExp(`${length} .* now`))
    await app.until(() => marks(app, 'down') !== '', `draws it in a graph of ${length}`)
  }
  app.type('b')
  await app.shows(/Down [\d.]+ k?bit\/s {2}\(scale in [kM]?bit\/s\)/)
})

test('a restart of the daemon leaves a gap in the graph, what was seen before, and longer graphs with it', async () => {
  const folders = await temporaryFolders()
  const first = await startDaemon([], { folders })
  const { client, server } = await download(first, 100_000_000)
  await isRemembered(first, 100_000_000)
  await using app = openTerminal(process.execPath, [program, '--socket', join(folders.runtime, 'proxyd.sock')])
  await app.until(() => marks(app, 'down') !== '', 'draws what was downloaded')
  client.finish()
  server.finish()
  await first.stop()
  await app.shows(/^ disconnected/)
  expect(marks(app, 'down')).not.toBe('')
  await startDaemon([], { folders })
  await app.shows(/^ proxyd \d.*accepted 0/s)
  // Seconds may be passed over on a busy machine.
  await app.shows(/up ([3-9]|\d\d+)s|up \d+m/)
  expect(marks(app, 'down')).not.toBe('')
  app.type('--')
  await app.shows(/-1 h .* now/)
  expect(marks(app, 'down')).toBe('')
  for (const length of ['-24 h', '-31 d', '-400 d']) {
    app.type('-')
    await app.shows(new RegExp(`${length} .* now`))
    await app.until(() => marks(app, 'down') !== '', `draws it in a graph of ${length}`)
  }
})

test('one of the busiest users, by key or click, has graphs of their own until Esc, or until they are deleted', async () => {
  const daemon = await alicesAndBobs()
  await download(daemon, 200_000, 'alice')
  await download(daemon, 100, 'bob')
  await isRemembered(daemon, 200_100)
  await using app = await openApp(daemon)
  app.type('\r')
  await app.shows(/! nobody is selected/)
  // While nobody moves anything their order stays.
  await app.shows(/^ alice +1 +0 B\/s .*\n bob +1 +0 B\/s /m)
  app.type('jk')
  await app.shows(/^>alice /m)
  app.type('j\r')
  await app.shows(/Down .* of bob (.*\n)*.*Up .* of bob /)
  await app.until(() => marks(app, 'down') !== '', "draws bob's")
  expect(app.screen).toMatch(/ of bob .*B\/s\)/)
  app.type('\u001b')
  await app.shows(/Down \S+ \S+ {2}\(scale in [KM]iB\/s\)/)
  expect(app.screen).not.toMatch(/^>/m)

  const click = () => {
    const row = app.lines.findIndex((line) => /^.bob /.test(line))
    app.type(`\u001b[<0;4;${row + 1}M`)
  }
  click()
  await app.shows(/^>bob /m)
  expect(app.screen).not.toContain('of bob')
  click()
  await app.shows(/Down .* of bob /)
  await exec(daemon, 'deluser bob')
  await app.shows(/! that user is gone; the graphs show everybody/)
  expect(app.screen).not.toMatch(/ of bob /)
})

test('without colour a graph has none either, however it is drawn; the selection still shows (20)', async () => {
  const daemon = await alicesAndBobs()
  await download(daemon, 100_000, 'alice')
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
  app.type('3')
  await app.shows(/^>alice/m)
  app.type('D')
  await app.shows(/\[ Cancel \]/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  expect(app.output).not.toMatch(/\u001b\[[\d;:]*m/)
})

test('without UTF-8 all is ASCII, graphs whatever is chosen', async () => {
  const daemon = await alicesAndBobs()
  await download(daemon, 100_000, 'alice')
  await isRemembered(daemon, 100_000)
  const env = { LANG: 'C', LC_ALL: undefined, LC_CTYPE: undefined }
  await using app = await openApp(daemon, { env, columns: 160, rows: 45 })
  await app.shows(/^ +0\+ -1 min [.-]+/m)
  app.type('c')
  await app.shows(/Down .*\n(.*\n)* +[\d.]*[+|] +[|:](.*\n)*.*Health/)
  await app.shows(/^ alice .*[_#]/m)
  app.type('3')
  await app.shows(/^ b\?b/m)
  app.type('D')
  await app.shows(/\[ Cancel \]/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what ASCII is
  expect(app.output).toMatch(/^[\u0000-\u007f]*$/)
})

test('each size is filled to its last row, with nothing over its edges; a large one shows what ended last, too', async () => {
  const daemon = await alicesAndBobs()
  await download(daemon, 100_000, 'alice')
  await using app = await openApp(daemon, { columns: 72, rows: 18 })
  for (const [columns, rows] of [
    [72, 18],
    [100, 30],
    [160, 45],
    [240, 60],
  ] as const) {
    app.resize(columns, rows)
    await app.until(() => isFilled(app, columns), `fills ${columns}x${rows}`)
  }
  app.resize(200, 55)
  const { client, server } = await download(daemon, 1, 'alice')
  client.finish()
  server.finish()
  await app.shows(/Ended +Reason +User +Destination.*\n.*\d\d:\d\d:\d\d finished +alice +\S+:\d+/)
})

function isFilled({ lines, screen }: Terminal, columns: number): boolean {
  return (
    / q quit$/.test(lines.at(-1) ?? '') &&
    /^ ↓ Down/.test(lines[2] ?? '') &&
    /^ alice +1 /m.test(screen) &&
    /Now {2}1 connection /.test(screen) &&
    / Connections +1 min +total$/m.test(screen) &&
    /^ (Events +What.* )?Log$/m.test(screen) === columns >= 140 &&
    // While there is something to tell no row of the page is blank.
    !lines.slice(2, -2).includes('')
  )
}
