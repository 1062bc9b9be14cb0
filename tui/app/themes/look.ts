import { safeText } from '../../../shared/format/safe-text.ts'
import type { Drawing } from '../chart/bars.ts'
import { colourDepth } from '../terminal/abilities.ts'
import { type Gradients, gradientsOf } from './gradients.ts'
import type { Theme, ThemeName } from './theme.ts'
import { themeOf } from './themes.ts'

/** What the terminal can show, and the characters and colours chosen by that. */
export interface Look {
  readonly color: boolean
  /** Bits of colour: 1 for none, else 4, 8 or 24. */
  readonly depth: number
  /** How each kind of text looks. */
  readonly theme: Theme
  /** The colours of graphs by height. */
  readonly gradients: Gradients
  /** False: ASCII only. */
  readonly unicode: boolean
  /** How graphs are drawn. */
  readonly drawing: Drawing
  readonly ellipsis: string
  readonly ascending: string
  readonly descending: string
  readonly up: string
  readonly down: string
  readonly mask: string
  readonly caret: string
  readonly border: 'round' | 'classic'
  /** Make text from outside harmless, and showable here. */
  text(outside: string): string
}

type Characters = Omit<Look, 'color' | 'depth' | 'theme' | 'gradients'>

const unicode: Characters = {
  unicode: true,
  drawing: 'braille',
  ellipsis: '…',
  ascending: '▲',
  descending: '▼',
  up: '↑',
  down: '↓',
  mask: '•',
  caret: '▏',
  border: 'round',
  text: safeText,
}

const ascii: Characters = {
  unicode: false,
  drawing: 'ascii',
  ellipsis: '~',
  ascending: '^',
  descending: 'v',
  up: '^',
  down: 'v',
  mask: '*',
  caret: '|',
  border: 'classic',
  text: (outside) => outside.replace(/[^ -~]/gu, '?'),
}

/**
 * The look by `NO_COLOR` (no-color.org: set and not empty), what the terminal calls itself, and the locale's character set
 * (in setlocale(3)'s order). `colour` false: none, whatever the environment says.
 */
export function lookOf(env: NodeJS.ProcessEnv, colour = true, theme: ThemeName = 'dark'): Look {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''
  const depth = colour && !env.NO_COLOR ? colourDepth(env) : 1
  const characters = /utf-?8/i.test(locale) ? unicode : ascii
  return { color: depth > 1, depth, theme: themeOf(theme, depth), gradients: gradientsOf(theme, depth), ...characters }
}

/** The same terminal in another theme, and with graphs drawn so where it can show that. */
export function inTheme(look: Look, theme: ThemeName, drawing: Drawing): Look {
  const [colours, gradients] = [themeOf(theme, look.depth), gradientsOf(theme, look.depth)]
  return { ...look, theme: colours, gradients, drawing: look.unicode ? drawing : 'ascii' }
}
