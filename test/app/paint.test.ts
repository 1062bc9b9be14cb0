import { expect, test } from 'vitest'
import { paint } from '../../tui/app/themes/paint.ts'
import type { Style } from '../../tui/app/themes/theme.ts'

const codes = (...codes: string[]) => `${codes.map((code) => `\u001b[${code}m`).join('')}text\u001b[0m`

test.each<[Style, string]>([
  [{}, 'text'],
  [{ bold: false }, 'text'],
  [{ color: '#7dcfff' }, codes('38;2;125;207;255')],
  [{ color: '#000000', backgroundColor: '#e5c07b', bold: true }, codes('1', '38;2;0;0;0', '48;2;229;192;123')],
  [{ color: 'ansi256(16)', backgroundColor: 'ansi256(231)' }, codes('38;5;16', '48;5;231')],
  [{ color: 'black', backgroundColor: 'white' }, codes('30', '47')],
  [{ color: 'whiteBright', backgroundColor: 'redBright' }, codes('97', '101')],
  [{ dimColor: true, underline: true }, codes('2', '4')],
  [{ inverse: true, strikethrough: true }, codes('7', '9')],
])('%j is painted as terminals take it', (style, painted) => {
  expect(paint('text', style)).toBe(painted)
})
