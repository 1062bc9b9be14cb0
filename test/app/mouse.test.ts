import { describe, expect, test } from 'vitest'
import { InputSplitter } from '../../tui/app/terminal/input-splitter.ts'
import { sharedDaemon } from '../helpers/daemon.ts'
import type { Terminal } from '../helpers/terminal.ts'
import { sharedApp } from './open-app.ts'

const report = '\u001b[<0;12;3M'
const press = { kind: 'press', column: 11, row: 2 }

describe('what comes from a terminal', () => {
  test('is keys, but for what the mouse did', () => {
    const splitter = new InputSplitter()
    expect(splitter.push(`j${report}k\u001b[A\u001b[<65;1;1M\u001b[<64;80;24M`)).toEqual({
      parts: [
        'j',
        press,
        'k\u001b[A',
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
    expect(new InputSplitter().push(`a${text}b`)).toEqual({ parts: ['a', 'b'] })
  })

  test.each([...report].map((_, at) => at).slice(1))('no part of a report leaks when it is torn at %i', (at) => {
    const splitter = new InputSplitter()
    expect(splitter.push(`x${report.slice(0, at)}`)).toEqual({ parts: ['x'] })
    expect(splitter.push(`${report.slice(at)}y`)).toEqual({ parts: [press, 'y'] })
  })

  test('an Esc that nothing follows is a key, and what is typed after it is, too', () => {
    for (const typed of ['<', '[j', 'j', 'O:', '5~']) {
      const splitter = new InputSplitter()
      expect(splitter.push('\u001b').parts).toEqual([])
      expect(splitter.patience).toBeGreaterThan(50)
      expect(splitter.giveUp()).toBe('\u001b')
      expect(splitter.push(typed).parts).toEqual([typed])
      expect(splitter.patience).toBeNull()
    }
  })

  test('a bracket that is typed soon after Esc is a key once nothing follows it', () => {
    const splitter = new InputSplitter()
    splitter.push('\u001b')
    splitter.giveUp()
    expect(splitter.push('[').parts).toEqual([])
    expect(splitter.patience).not.toBeNull()
    expect(splitter.giveUp()).toBe('[')
    expect(splitter.patience).toBeNull()
  })

  const sequences = ['\u001b[5~', '\u001b[A', '\u001bOP', '\u001b[1;5C', '\u001b[[A', '\u001b[5$', '\u001b[Z', report]

  test.each(sequences)('no part of %j is a key, wherever it is torn', (sequence) => {
    for (let at = 1; at < sequence.length; at += 1) {
      const splitter = new InputSplitter()
      expect(splitter.push(`x${sequence.slice(0, at)}`)).toEqual({ parts: ['x'] })
      const rest = sequence === report ? [press, 'y'] : [`${sequence}y`]
      expect(splitter.push(`${sequence.slice(at)}y`)).toEqual({ parts: rest })
    }
  })

  test.each(sequences)('of %j Esc alone is a key where the rest comes late, in whatever pieces', (sequence) => {
    for (let at = 2; at <= sequence.length; at += 1) {
      const splitter = new InputSplitter()
      splitter.push('\u001b')
      expect(splitter.giveUp()).toBe('\u001b')
      expect(splitter.push(sequence.slice(1, at))).toEqual({ parts: [] })
      expect(splitter.push(`${sequence.slice(at)}y`)).toEqual({ parts: ['y'] })
    }
  })

  test('what has begun as a sequence is waited for, but for what a person can type', () => {
    const splitter = new InputSplitter()
    splitter.push('\u001b[5')
    expect(splitter.patience).toBeNull()
    splitter.push('~')
    // Alt-[
    splitter.push('\u001b[')
    expect(splitter.patience).not.toBeNull()
    expect(splitter.giveUp()).toBe('')
    expect(splitter.push('j').parts).toEqual(['j'])
  })

  test('an Esc inside of a paste is text, though nothing follows it in time', () => {
    const splitter = new InputSplitter()
    splitter.push('\u001b[200~a\u001b')
    expect(splitter.giveUp()).toBe('\u001b')
    expect(splitter.push('[5~b\u001b[201~').parts).toEqual(['[5~b\u001b[201~'])
  })

  test('a report inside of a paste is text', () => {
    const splitter = new InputSplitter()
    const paste = `\u001b[200~a${report}b\u001b[201~`
    expect([...paste].flatMap((character) => splitter.push(character).parts).join('')).toBe(paste)
    expect(splitter.push(report)).toEqual({ parts: [press] })
  })
})

const apps = sharedApp(sharedDaemon(['ann', 'bob', 'cat', 'dan', 'eve'].flatMap((name) => ['-u', `${name}:pw`])))

test('a click opens a page, selects a row, and again opens it', async () => {
  const app = await apps()
  click(app, '3 Users')
  await app.shows(/\[3 Users.*^>ann/ms)
  click(app, 'bob')
  await app.shows(/^>bob/m)
  click(app, 'bob')
  await app.shows(/^ User bob/m)
  app.type('\u001b')
  await app.shows(/^>bob/m)
})

test('keys and clicks act in their order, though they come at once', async () => {
  const app = await apps()
  app.type('3g')
  await app.shows(/^>ann.*^ cat/ms)
  const row = app.lines.findIndex((line) => line.startsWith(' cat'))
  app.type('1')
  await app.shows(/^\[1 Overview/m)
  app.type(`3\u001b[<0;4;${row + 1}Mj`)
  await app.shows(/^>dan/m)
})

test('a click on a header sorts, and again turns the order around', async () => {
  const app = await apps()
  app.type('3')
  await app.shows(/User▲.*ann.*bob/s)
  click(app, 'User▲')
  await app.shows(/User▼.*bob.*ann/s)
  click(app, 'Down/s')
  await app.shows(/Down\/s▼/)
  click(app, 'User ')
  await app.shows(/User▲.*ann.*bob/s)
})

test('a click means the row that it is on, however far the list is scrolled', async () => {
  const app = await apps()
  app.type('7')
  await app.shows(/^>access-log /m)
  app.type('\u001b[6~\u001b[6~\u001b[B')
  await app.until(() => !/^.access-log /m.test(app.screen), 'has scrolled')
  const row = app.lines.findIndex((line) => line.startsWith('>')) - 3
  const [, name] = /^ ([\w-]+)/.exec(app.lines[row] ?? '') ?? []
  app.type(`\u001b[<0;4;${row + 1}M`)
  await app.shows(new RegExp(`^>${name} `, 'm'))
})

test('the wheel moves three rows', async () => {
  const app = await apps()
  app.type('3g')
  await app.shows(/^>ann /m)
  app.type('\u001b[<65;10;10M')
  await app.shows(/^>dan /m)
  app.type('\u001b[<64;10;10M')
  await app.shows(/^>ann /m)
})

test('a report in pieces, however slow, types nothing', async () => {
  const app = await apps()
  app.type('2/')
  await app.shows(/^ \//m)
  // Each letter tells that the piece behind it has been read. Esc alone, and Alt-[, would be keys after a while.
  for (const pieces of ['a\u001b[<0', ';40;4Mb\u001b[<', '0;40;4mc']) {
    app.type(pieces)
    const [letter = ''] = /[abc]/.exec(pieces) ?? []
    await app.shows(new RegExp(`filter: \\w*${letter}$`, 'm'))
  }
  expect(app.screen).toMatch(/filter: abc$/m)
  app.type('\u001b')
  await app.shows(/0\/0 connections$/m)
})

test('o leaves the mouse to the terminal, and takes it again', async () => {
  const app = await apps()
  await app.until(() => app.emulator.modes.mouseTrackingMode === 'vt200', 'hears of clicks')
  app.type('o')
  await app.until(() => app.emulator.modes.mouseTrackingMode === 'none', 'leaves clicks alone')
  app.type('o')
  await app.until(() => app.emulator.modes.mouseTrackingMode === 'vt200', 'hears of clicks again')
})

test('buttons and hints are as good as their keys', async () => {
  const app = await apps()
  app.type('3g')
  await app.shows(/^>ann/m)
  click(app, 'D delete')
  await app.shows(/Delete user ann\?/)
  click(app, 'Cancel')
  await app.until(() => !app.screen.includes('Delete user'), 'has closed the question')
  app.type('D')
  await app.shows(/Delete user ann\?/)
  click(app, /^.* Delete {2}/m)
  await app.shows(/4\/4 users/)
})

test('a click on an item of a menu takes it, on a column shows or hides it, and beside them leaves', async () => {
  const app = await apps()
  app.type('3s')
  await app.shows(/Sort by/)
  click(app, /^.*│ {2}\w {3}Conns/)
  await app.shows(/Conns▼/)
  app.type('C')
  await app.shows(/│ {2}\[x\] Conns/)
  click(app, /^.*│.*\[x\] Conns/)
  await app.shows(/│> \[ \] Conns/)
  click(app, /^.{9}/)
  await app.until(() => !app.screen.includes('│'), 'has left the box')
  click(app, 'User ')
  await app.shows(/User▲/)
})

test('a key whose bytes come apart is that key, or is lost, but is no letters', async () => {
  const app = await apps()
  app.type('3g')
  await app.shows(/^>bob /m)
  // That the letter has acted tells that what came with it has been read.
  app.type('j\u001b[')
  await app.shows(/^>cat /m)
  app.type('6')
  app.type('~')
  await app.shows(/^>eve /m)
  app.type('/e')
  await app.shows(/filter: e/)
  app.type('\u001b')
  await app.shows(/4\/4 users(?!.*filter)/)
  app.type('[5~:')
  await app.shows(/^ :▏/m)
  expect(app.screen).toMatch(/\[3 Users/)
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
