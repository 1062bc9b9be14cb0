import type { Background } from '../terminal/background.ts'
import type { Ground } from '../terminal/frame.ts'
import { colourCode } from './paint.ts'
import type { ThemeChoice } from './theme.ts'

/** Text and background that a theme is made for, in all colours, in 256, and in 16. */
const grounds = {
  dark: [
    ['#d4d4d4', '#16181d'],
    ['ansi256(252)', 'ansi256(234)'],
    ['white', 'black'],
  ],
  light: [
    ['#24292f', '#fafafa'],
    ['ansi256(235)', 'ansi256(231)'],
    ['black', 'whiteBright'],
  ],
} as const

/**
 * What to paint below a theme that is made for the other kind of terminal, in so many bits of colour; null where the terminal's
 * own background suits it.
 */
export function groundFor(theme: ThemeChoice, background: Background, depth: number): Ground | null {
  if (theme === 'auto' || theme === 'terminal' || depth === 1) return null
  const wanted = theme === 'light' ? 'light' : 'dark'
  if (wanted === background) return null
  const [text, ground] = grounds[wanted][depth > 8 ? 0 : depth > 4 ? 1 : 2]
  return { text: sgr(colourCode(text, 30)), background: sgr(colourCode(ground, 40)) }
}

function sgr(code: string): string {
  return `\u001b[${code}m`
}
