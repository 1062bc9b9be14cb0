import type { Style, Theme, ThemeName } from './theme.ts'

type Pair = readonly [text: string, background: string]

/** The colours that a theme is made of, as Ink understands them. */
interface Palette {
  readonly accent: string
  readonly good: string
  readonly warning: string
  readonly bad: string
  readonly paced: string
  readonly over: string
  /** Fainter than text, and fainter still; null: the terminal's own colour, dimmed. */
  readonly faint: string | null
  readonly faintest: string | null
  readonly down: string
  readonly up: string
  /** What a bar behind a number of these is filled with; null: there are no bars. */
  readonly bars: { readonly down: string; readonly up: string } | null
  /** Null: the terminal's own two, exchanged. */
  readonly selected: Pair | null
  readonly alarm: Pair
}

/**
 * The theme of this name in so many bits of colour. `dark`, `light` and `contrast` assume a background, which
 * `groundFor` paints where the terminal has another. Where there are 16 colours, each theme takes those of them that suit it.
 */
export function themeOf(name: ThemeName, depth: number): Theme {
  return made[depth > 8 ? 'true' : depth > 4 ? 'indexed' : 'named'][name]
}

/** One of the 256 colours that xterm made a habit. Of nearest ones, which Ink would take, some cannot be told from others. */
function indexed(number: number): string {
  return `ansi256(${number})`
}

/** The terminal's own, so that its scheme decides. */
const terminal: Palette = {
  accent: 'cyan',
  good: 'green',
  warning: 'yellow',
  bad: 'red',
  paced: 'blue',
  over: 'magenta',
  faint: null,
  faintest: null,
  down: 'cyan',
  up: 'magenta',
  bars: null,
  selected: null,
  alarm: ['black', 'yellow'],
}

/** Text of at least 4.5:1 on backgrounds from black to #1e1e1e. */
const dark = {
  true: {
    accent: '#7dcfff',
    good: '#98c379',
    warning: '#e5c07b',
    bad: '#ff8077',
    paced: '#ffab66',
    over: '#ff8ad1',
    faint: '#9a9a9a',
    faintest: '#868686',
    down: '#56d4dd',
    up: '#d99bff',
    bars: { down: '#12414a', up: '#43285a' },
    selected: ['#ffffff', '#264f78'],
    alarm: ['#000000', '#e5c07b'],
  },
  indexed: {
    accent: indexed(117),
    good: indexed(114),
    warning: indexed(222),
    bad: indexed(210),
    paced: indexed(215),
    over: indexed(212),
    faint: indexed(248),
    faintest: indexed(245),
    down: indexed(80),
    up: indexed(177),
    bars: { down: indexed(237), up: indexed(237) },
    selected: [indexed(231), indexed(24)],
    alarm: [indexed(16), indexed(222)],
  },
  named: terminal,
} as const satisfies Depths

/** Text of at least 4.5:1 on backgrounds from white to #fdf6e3. */
const light = {
  true: {
    accent: '#0b4a8f',
    good: '#116329',
    warning: '#7a4b00',
    bad: '#b31d28',
    paced: '#9a4a00',
    over: '#a1106e',
    faint: '#57606a',
    faintest: '#6b7075',
    down: '#0b5cad',
    up: '#8a1f9c',
    bars: { down: '#d3e6fa', up: '#f3dcf7' },
    selected: ['#ffffff', '#0b5cad'],
    alarm: ['#ffffff', '#7a4b00'],
  },
  indexed: {
    accent: indexed(24),
    good: indexed(22),
    warning: indexed(58),
    bad: indexed(124),
    paced: indexed(94),
    over: indexed(126),
    faint: indexed(240),
    faintest: indexed(242),
    down: indexed(25),
    up: indexed(90),
    bars: { down: indexed(254), up: indexed(254) },
    selected: [indexed(231), indexed(25)],
    alarm: [indexed(231), indexed(94)],
  },
  // Yellow and cyan cannot be read on white.
  named: { ...terminal, accent: 'blue', warning: 'magenta', over: 'red', down: 'blue', alarm: ['white', 'red'] },
} as const satisfies Depths

/** Text of at least 7:1 on black. */
const contrast = {
  true: {
    accent: '#ffffff',
    good: '#5fff5f',
    warning: '#ffff5f',
    bad: '#ff9f9f',
    paced: '#ffbf7f',
    over: '#ffafff',
    faint: '#d0d0d0',
    faintest: '#b0b0b0',
    down: '#5fffff',
    up: '#ff9fff',
    bars: { down: '#003c3c', up: '#420042' },
    selected: ['#000000', '#ffff00'],
    alarm: ['#000000', '#ffffff'],
  },
  indexed: {
    accent: indexed(231),
    good: indexed(83),
    warning: indexed(227),
    bad: indexed(217),
    paced: indexed(215),
    over: indexed(219),
    faint: indexed(252),
    faintest: indexed(249),
    down: indexed(87),
    up: indexed(213),
    bars: { down: indexed(234), up: indexed(234) },
    selected: [indexed(16), indexed(226)],
    alarm: [indexed(16), indexed(231)],
  },
  named: {
    accent: 'whiteBright',
    good: 'greenBright',
    warning: 'yellowBright',
    bad: 'redBright',
    paced: 'cyanBright',
    over: 'magentaBright',
    faint: 'white',
    faintest: 'white',
    down: 'cyanBright',
    up: 'magentaBright',
    bars: null,
    selected: ['black', 'whiteBright'],
    alarm: ['black', 'yellowBright'],
  },
} as const satisfies Depths

/** A palette in all colours, in 256, and in 16. */
type Depths = Readonly<Record<'true' | 'indexed' | 'named', Palette>>

const made = {
  true: { dark: make(dark.true), light: make(light.true), contrast: make(contrast.true), terminal: make(terminal) },
  indexed: {
    dark: make(dark.indexed),
    light: make(light.indexed),
    contrast: make(contrast.indexed),
    terminal: make(terminal),
  },
  named: { dark: make(dark.named), light: make(light.named), contrast: make(contrast.named), terminal: make(terminal) },
} as const satisfies Readonly<Record<keyof Depths, Readonly<Record<ThemeName, Theme>>>>

function make(palette: Palette): Theme {
  const { accent, good, warning, bad, paced, over, down, up, bars, selected, alarm } = palette
  const dim = fainter(palette.faint)
  return {
    title: { color: accent, bold: true },
    tab: dim,
    openTab: { color: accent, bold: true },
    columns: { bold: true, underline: true },
    sorted: { color: accent, bold: true, underline: true },
    heading: { bold: true },
    selected: selected === null ? { inverse: true } : { color: selected[0], backgroundColor: selected[1] },
    marked: { color: warning, bold: true },
    good: { color: good },
    warning: { color: warning },
    bad: { color: bad },
    paced: { color: paced },
    over: { color: over, bold: true },
    alarm: { color: alarm[0], backgroundColor: alarm[1], bold: true },
    dim,
    zero: fainter(palette.faintest),
    key: { color: accent, bold: true },
    label: dim,
    down: { color: down },
    up: { color: up },
    downBar: { color: down, ...(bars && { backgroundColor: bars.down }) },
    upBar: { color: up, ...(bars && { backgroundColor: bars.up }) },
    axis: dim,
    border: dim,
  }
}

function fainter(colour: string | null): Style {
  return colour === null ? { dimColor: true } : { color: colour }
}
