import { describe, expect, test } from 'vitest'
import { colourDepth } from '../../tui/app/terminal/abilities.ts'
import { lookOf } from '../../tui/app/themes/look.ts'
import { type Style, themeNames } from '../../tui/app/themes/theme.ts'
import { themeOf } from '../../tui/app/themes/themes.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { openApp } from './open-app.ts'

/** Backgrounds that a theme may find, and the ratio that WCAG 2.2 (1.4.3 and 1.4.6) wants of its texts there. */
const assumed = {
  dark: { backgrounds: ['#000000', '#1e1e1e'], ratio: 4.5 },
  light: { backgrounds: ['#ffffff', '#fdf6e3'], ratio: 4.5 },
  contrast: { backgrounds: ['#000000'], ratio: 7 },
} as const

describe.each(Object.entries(assumed))('the theme %s', (name, { backgrounds, ratio }) => {
  const roles = Object.entries(themeOf(name as keyof typeof assumed, 24)) as [string, Style][]

  test.each(roles)(`can be read: %s`, (_, { color, backgroundColor }) => {
    if (color === undefined) return expect(backgroundColor).toBeUndefined()
    for (const background of backgroundColor ? [backgroundColor] : backgrounds) {
      expect(contrastOf(String(color), String(background))).toBeGreaterThanOrEqual(ratio)
    }
  })
})

test.each(themeNames)('%s is made of the 16 colours where there are no more', (name) => {
  const named = /^(black|red|green|yellow|blue|magenta|cyan|white)(Bright)?$/
  for (const { color, backgroundColor } of Object.values(themeOf(name, 4))) {
    for (const each of [color, backgroundColor]) if (each !== undefined) expect(each).toMatch(named)
  }
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
  ['xterm-256color', 'truecolor', '[38;2;', '[38;5;'],
  ['xterm-256color', undefined, '[38;5;', '[38;2;'],
  ['xterm-16color', undefined, '[36m', '[38;'],
  ['linux', undefined, '[36m', '[38;'],
])('TERM=%s with COLORTERM=%s gets as much colour as it understands', async (TERM, COLORTERM, has, hasNot) => {
  await using app = await openApp(await startDaemon(), { env: { TERM, COLORTERM } })
  expect(app.output).toContain(has)
  expect(app.output).not.toContain(hasNot)
})

test('t goes through the themes', async () => {
  await using app = await openApp(await startDaemon())
  for (const name of ['light', 'contrast', 'terminal', 'dark']) {
    app.type('t')
    await app.shows(new RegExp(`the theme is ${name}`))
  }
})

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
