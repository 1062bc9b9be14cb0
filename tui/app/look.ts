import { safeText } from '../../shared/format/safe-text.ts'

/** What the terminal can show, and the characters chosen by that. */
export interface Look {
  readonly color: boolean
  /** False: ASCII only. */
  readonly unicode: boolean
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

type Characters = Omit<Look, 'color'>

const unicode: Characters = {
  unicode: true,
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
 * The look by `NO_COLOR` (no-color.org: set and not empty) and the locale's character set (in setlocale(3)'s order).
 * `colour` false: none, whatever the environment says.
 */
export function lookOf(env: Readonly<Record<string, string | undefined>>, colour = true): Look {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''
  return { color: colour && !env.NO_COLOR, ...(/utf-?8/i.test(locale) ? unicode : ascii) }
}
