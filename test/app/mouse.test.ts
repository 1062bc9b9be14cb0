import { describe, expect, test } from 'vitest'
import { InputSplitter } from '../../tui/app/mouse/input-splitter.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { startTarget } from '../helpers/target.ts'
import type { Terminal } from '../helpers/terminal.ts'
import { openApp } from './open-app.ts'

const report = '\u001b[<0;12;3M'

describe('what comes from a terminal', () => {
  test('is keys, but for what the mouse did', () => {
    const splitter = new InputSplitter()
    expect(splitter.push(`j${report}k\u001b[A\u001b[<65;1;1M\u001b[<64;80;24M`)).toEqual({
      keys: 'jk\u001b[A',
      mouse: [
        { kind: 'press', column: 11, row: 2 },
        { kind: 'wheelDown', column: 0, row: 0 },
        { kind: 'wheelUp', column: 79, row: 23 },
      ],
    })
  })

  test.each([
    ['a release', '\u001b[<0;12;3m'],
    ['another button', '\u001b[<2;12;3M'],
    ['a motion', '\u001b[<32;12;3M'],
    ['a wheel turned sideways', '\u001b[<66;12;3M'],
  ])('%s is neither', (_, text) => {
    expect(new InputSplitter().push(`a${text}b`)).toEqual({ keys: 'ab', mouse: [] })
  })

  test.each([...report].map((_, at) => at).slice(1))('no part of a report leaks when it is torn at %i', (at) => {
    const splitter = new InputSplitter()
    const parts = [splitter.push(`x${report.slice(0, at)}`), splitter.push(`${report.slice(at)}y`)]
    expect(parts.map(({ keys }) => keys)).toEqual(['x', 'y'])
    expect(parts[1]?.mouse).toHaveLength(1)
  })

  test.each([1, 2])('what comes too late after %i characters is lost, and not typed', (at) => {
    const splitter = new InputSplitter()
    splitter.push(report.slice(0, at))
    expect(splitter.isWaiting).toBe(true)
    expect(splitter.flush()).toBe(report.slice(0, at))
    expect(splitter.push(`${report.slice(at)}y`)).toEqual({ keys: 'y', mouse: [] })
  })

  test('an Esc that nothing follows is a key, and what is typed after it is, too', () => {
    const splitter = new InputSplitter()
    expect(splitter.push('\u001b').keys).toBe('')
    expect(splitter.flush()).toBe('\u001b')
    expect(splitter.push('<').keys).toBe('<')
  })

  test('a report inside of a paste is text', () => {
    const splitter = new InputSplitter()
    const paste = `\u001b[200~a${report}b\u001b[201~`
    const parts = [...paste].map((character) => splitter.push(character))
    expect(parts.map(({ keys }) => keys).join('')).toBe(paste)
    expect(parts.flatMap(({ mouse }) => mouse)).toEqual([])
    expect(splitter.push(report).mouse).toHaveLength(1)
  })
})

test('a click opens a page, selects a row, and again opens it', async () => {
  const daemon = await startDaemon(['-u', 'ann:pw', '-u', 'bob:pw'])
  await using app = await openApp(daemon)
  click(app, '3 Users')
  await app.shows(/\[3 Users.*^>ann/ms)
  click(app, 'bob')
  await app.shows(/^>bob/m)
  click(app, 'bob')
  await app.until(() => !/^>bob/m.test(app.screen) && /bob/.test(app.screen), 'shows all about bob')
})

test('a click on a header sorts, and again turns the order around', async () => {
  const daemon = await startDaemon(['-u', 'ann:pw', '-u', 'bob:pw'])
  await using app = await openApp(daemon)
  app.type('3')
  await app.shows(/User▲.*ann.*bob/s)
  click(app, 'User▲')
  await app.shows(/User▼.*bob.*ann/s)
  click(app, 'Conns')
  await app.shows(/Conns▼/)
})

test('a click means the row that it is on, however far the list is scrolled', async () => {
  const daemon = await startDaemon()
  await using app = await openApp(daemon)
  app.type('5')
  await app.shows(/^>auth/m)
  app.type('\u001b[6~\u001b[6~\u001b[B')
  await app.until(() => !/^.auth/m.test(app.screen), 'has scrolled')
  const row = app.lines.findIndex((line) => line.startsWith('>')) - 3
  const [, name] = /^ ([\w-]+)/.exec(app.lines[row] ?? '') ?? []
  app.type(`\u001b[<0;4;${row + 1}M`)
  await app.shows(new RegExp(`^>${name} `, 'm'))
})

test('the wheel moves three rows', async () => {
  const daemon = await startDaemon(['a', 'b', 'c', 'd', 'e'].flatMap((name) => ['-u', `${name}:pw`]))
  await using app = await openApp(daemon)
  app.type('3')
  await app.shows(/^>a /m)
  app.type('\u001b[<65;10;10M')
  await app.shows(/^>d /m)
  app.type('\u001b[<64;10;10M')
  await app.shows(/^>a /m)
})

test('buttons and hints are as good as their keys', async () => {
  const daemon = await startDaemon(['-u', 'ann:pw', '-u', 'bob:pw'])
  await using app = await openApp(daemon)
  app.type('3')
  await app.shows(/^>ann/m)
  click(app, 'x delete')
  await app.shows(/Delete user ann\?/)
  click(app, 'Cancel')
  await app.until(() => !app.screen.includes('Delete user'), 'has closed the question')
  app.type('x')
  await app.shows(/Delete user ann\?/)
  click(app, /^.* Delete {2}/m)
  await app.shows(/1\/1 users/)
})

test('a report in pieces, however slow, types nothing', async () => {
  const daemon = await startDaemon()
  await connectThrough(daemon.port('socks'), await startTarget())
  await using app = await openApp(daemon)
  app.type('2/')
  await app.shows(/^ \//m)
  for (const piece of ['\u001b[<0', ';40', ';4M', 'a']) {
    app.type(piece)
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  await app.shows(/filter: a$/m)
})

test('o leaves the mouse to the terminal, and takes it again', async () => {
  await using app = await openApp(await startDaemon())
  await app.until(() => app.emulator.modes.mouseTrackingMode === 'vt200', 'hears of clicks')
  app.type('o')
  await app.until(() => app.emulator.modes.mouseTrackingMode === 'none', 'leaves clicks alone')
  app.type('o')
  await app.until(() => app.emulator.modes.mouseTrackingMode === 'vt200', 'hears of clicks again')
})

/** Press and release the left button in the middle of a text on the screen, or at the end of what a pattern finds. */
function click(app: Terminal, what: string | RegExp): void {
  const row = app.lines.findIndex((line) => (typeof what === 'string' ? line.includes(what) : what.test(line)))
  const line = app.lines[row] ?? ''
  const column =
    typeof what === 'string'
      ? line.indexOf(what) + Math.floor(what.length / 2)
      : (what.exec(line)?.[0].trimEnd().length ?? 0) - 1
  app.type(`\u001b[<0;${column + 1};${row + 1}M\u001b[<0;${column + 1};${row + 1}m`)
}
