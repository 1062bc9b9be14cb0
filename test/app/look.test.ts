import { describe, expect, test } from 'vitest'
import { colourDepth } from '../../tui/app/terminal/abilities.ts'
import { backgroundBy } from '../../tui/app/terminal/background.ts'
import { InputSplitter } from '../../tui/app/terminal/input-splitter.ts'
import { colourAt, gradientsOf } from '../../tui/app/themes/gradients.ts'
import { lookOf } from '../../tui/app/themes/look.ts'
import { type Style, themeNames } from '../../tui/app/themes/theme.ts'
import { themeOf } from '../../tui/app/themes/themes.ts'
import { sharedDaemon } from '../helpers/daemon.ts'
import { openApp } from './open-app.ts'

const daemons = sharedDaemon()

/** Backgrounds that a theme may find, and the ratio that WCAG 2.2 (1.4.3 and 1.4.6) wants of its texts there. */
const assumed = {
  dark: { backgrounds: ['#000000', '#1e1e1e'], ratio: 4.5 },
  light: { backgrounds: ['#ffffff', '#fdf6e3'], ratio: 4.5 },
  contrast: { backgrounds: ['#000000'], ratio: 7 },
} as const

const depths = Object.keys(assumed).flatMap((name) =>
  [24, 8].map((depth) => [name as keyof typeof assumed, depth] as const),
)

describe.each(depths)('the theme %s in %i bits of colour', (name, depth) => {
  const { backgrounds, ratio } = assumed[name]
  const roles = Object.entries(themeOf(name, depth)) as [string, Style][]

  test.each(roles)(`can be read: %s`, (_, { color, backgroundColor }) => {
    if (color === undefined) return expect(backgroundColor).toBeUndefined()
    for (const background of backgroundColor ? [backgroundColor] : backgrounds) {
      expect(contrastOf(hexOf(color), hexOf(background))).toBeGreaterThanOrEqual(ratio)
    }
  })

  test.each(['down', 'up'] as const)('has graphs that can be seen, and change with their height: %s', (way) => {
    const colours = [0.01, 0.35, 0.65, 0.99].map((height) => hexOf(colourAt(gradientsOf(name, depth)[way], height)))
    expect(new Set(colours).size).toBe(colours.length)
    // WCAG 2.2, 1.4.11.
    for (const background of backgrounds) {
      for (const colour of colours) expect(contrastOf(colour, background)).toBeGreaterThanOrEqual(3)
    }
  })

  test('tells states, traffic and keys apart from one another', () => {
    const theme = themeOf(name, depth)
    const colours = [theme.good, theme.warning, theme.bad, theme.paced, theme.over, theme.down, theme.up, theme.dim]
    expect(new Set(colours.map(({ color }) => color)).size).toBe(colours.length)
  })
})

test.each(themeNames)('%s is made of the 16 colours where there are no more', (name) => {
  const named = /^(black|red|green|yellow|blue|magenta|cyan|white)(Bright)?$/
  for (const { color, backgroundColor } of Object.values(themeOf(name, 4))) {
    for (const each of [color, backgroundColor]) if (each !== undefined) expect(each).toMatch(named)
  }
  const { down, up } = gradientsOf(name, 4)
  for (const colour of [...down, ...up]) expect(colour).toMatch(named)
})

test.each([
  [{ TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 24],
  [{ TERM: 'xterm-direct' }, 24],
  [{ TERM: 'xterm-256color' }, 8],
  [{ TERM: 'screen-256color', CI: 'true' }, 8],
  [{ TERM: 'xterm-16color' }, 4],
  [{ TERM: 'linux' }, 4],
  [{}, 4],
  [{ TERM: 'xterm-mono' }, 1],
  [{ TERM: 'xterm', FORCE_COLOR: '3' }, 24],
  [{ TERM: 'xterm', FORCE_COLOR: '0' }, 1],
])('%j tells of %i bits of colour', (env, depth) => {
  expect(colourDepth(env)).toBe(depth)
})

test('NO_COLOR wins over what the terminal can', () => {
  expect(lookOf({ TERM: 'xterm-256color', COLORTERM: 'truecolor', NO_COLOR: '1' }).depth).toBe(1)
})

test.each([
  ['\u001b]11;rgb:ffff/ffff/ffff\u001b\\', 'light'],
  ['\u001b]11;rgb:fdfd/f6f6/e3e3\u0007', 'light'],
  ['\u001b]11;rgb:1e/1e/1e\u0007', 'dark'],
  ['\u001b]11;rgb:0000/2b2b/3636\u001b\\', 'dark'],
  ['\u001b]11;rgba:f/f/f/0\u0007', 'light'],
  ['\u001b]11;white\u0007', undefined],
])('the answer %j is a background, and no part of it a key, wherever it is torn', (answer, expected) => {
  for (let at = 1; at < answer.length; at += 1) {
    const splitter = new InputSplitter()
    expect(splitter.push(`x${answer.slice(0, at)}`).parts).toEqual(['x'])
    expect(splitter.push(`${answer.slice(at)}y`)).toEqual({ parts: ['y'], background: expected })
  }
})

test('of an answer that comes late no part is a key', () => {
  const splitter = new InputSplitter()
  splitter.push('\u001b')
  expect(splitter.giveUp()).toBe('\u001b')
  expect(splitter.push(']11;rgb:ffff/')).toMatchObject({ parts: [] })
  expect(splitter.push('ffff/ffff\u0007j')).toMatchObject({ parts: ['j'] })
})

test('Alt-] is waited for as long as an answer may begin so, and then what follows is typed', () => {
  for (const typed of [']', ']1', ']11']) {
    const splitter = new InputSplitter()
    expect(splitter.push(`\u001b${typed}`).parts).toEqual([])
    expect(splitter.patience).not.toBeNull()
    splitter.giveUp()
    expect(splitter.push('j').parts).toEqual(['j'])
  }
  expect(new InputSplitter().push('\u001b]2').parts).toEqual(['\u001b]2'])
})

test.each([
  [{}, 'dark'],
  [{ COLORFGBG: '15;0' }, 'dark'],
  [{ COLORFGBG: '0;15' }, 'light'],
  [{ COLORFGBG: '0;default;15' }, 'light'],
])('%j tells of a background that is %s', (env, expected) => {
  expect(backgroundBy(env)).toBe(expected)
})

test.each([
  ['xterm-256color', 'truecolor', '[38;2;', '[38;5;'],
  ['xterm-256color', undefined, '[38;5;', '[38;2;'],
  ['xterm-16color', undefined, '[36m', '[38;'],
  ['linux', undefined, '[36m', '[38;'],
])('TERM=%s with COLORTERM=%s gets as much colour as it understands', async (TERM, COLORTERM, has, hasNot) => {
  await using app = await openApp(await daemons(), { env: { TERM, COLORTERM } })
  expect(app.output).toContain(has)
  expect(app.output).not.toContain(hasNot)
})

test('the terminal is asked for its background, which decides until a theme is chosen', async () => {
  const answer = '\u001b]11;rgb:fafa/fafa/fafa\u001b\\'
  await using app = await openApp(await daemons(), { env: { COLORTERM: 'truecolor' } })
  expect(app.output).toContain('\u001b]11;?')
  const title = () => app.emulator.buffer.active.getLine(0)?.getCell(1)?.getFgColor().toString(16)
  const isIn = (theme: 'light' | 'dark') => () => `#${title()?.padStart(6, '0')}` === themeOf(theme, 24).title.color
  await app.until(isIn('dark'), 'is dark')
  app.type(answer)
  await app.until(isIn('light'), 'is light')
  for (const name of ['light', 'contrast', 'terminal', 'dark']) {
    app.type('T')
    await app.shows(new RegExp(`the theme is ${name}`))
  }
  // Dark on a light terminal has a background of its own, to the edges.
  const under = () => app.emulator.buffer.active.getLine(3)?.getCell(79)?.getBgColor()
  await app.until(() => under() === 0x16181d, 'is painted')
  app.type('T')
  await app.until(() => app.emulator.buffer.active.getLine(3)?.getCell(79)?.isBgDefault() === true, 'is not painted')
  app.type('TTTT')
  await app.until(isIn('dark'), 'is dark again')
  app.type(`${answer}:x`)
  await app.shows(/^ :x/m)
  expect(isIn('dark')()).toBe(true)
})

/** `#rrggbb`, of one of xterm's 256 colours, too: behind the 16 come a cube of 6x6x6 and 24 greys. */
function hexOf(colour: unknown): string {
  const number = Number(/^ansi256\((\d+)\)$/.exec(String(colour))?.[1])
  if (Number.isNaN(number)) return String(colour)
  const level = (at: number) => (at === 0 ? 0 : 55 + 40 * at)
  const cube = number - 16
  const parts =
    number >= 232
      ? new Array<number>(3).fill(8 + 10 * (number - 232))
      : [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level)
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

/** WCAG 2.2's contrast ratio of two colours, from 1 to 21. */
function contrastOf(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

/** WCAG 2.2's relative luminance of `#rrggbb`. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
