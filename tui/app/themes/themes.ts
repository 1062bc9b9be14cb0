import type { Theme, ThemeName } from './theme.ts'

/** The colours that a theme is made of. */
interface Palette {
  readonly accent: string
  readonly good: string
  readonly warning: string
  readonly bad: string
  /** Null: the terminal's own colour, fainter. */
  readonly faint: string | null
  readonly down: string
  readonly up: string
  /** Text and background; null: the terminal's own two, exchanged. */
  readonly selected: readonly [text: string, background: string] | null
  readonly alarm: readonly [text: string, background: string]
}

/**
 * The theme of this name in so many bits of colour. The terminal keeps its background: `dark`, `light` and `contrast`
 * assume one. Where there are 16 colours, each theme takes those of them that suit it.
 */
export function themeOf(name: ThemeName, depth: number): Theme {
  return made[depth > sixteen ? 'rich' : 'plain'][name]
}

/** Bits of a terminal that has 16 colours. */
const sixteen = 4

/** Text of at least 4.5:1 on backgrounds from black to #1e1e1e. */
const dark: Palette = {
  accent: '#7dcfff',
  good: '#98c379',
  warning: '#e5c07b',
  bad: '#ff8077',
  faint: '#9a9a9a',
  down: '#56d4dd',
  up: '#d99bff',
  selected: ['#ffffff', '#264f78'],
  alarm: ['#000000', '#e5c07b'],
}

/** Text of at least 4.5:1 on backgrounds from white to #fdf6e3. */
const light: Palette = {
  accent: '#0b4a8f',
  good: '#116329',
  warning: '#7a4b00',
  bad: '#b31d28',
  faint: '#57606a',
  down: '#0b5cad',
  up: '#8a1f9c',
  selected: ['#ffffff', '#0b5cad'],
  alarm: ['#ffffff', '#7a4b00'],
}

/** Text of at least 7:1 on black. */
const contrast: Palette = {
  accent: '#ffffff',
  good: '#5fff5f',
  warning: '#ffff5f',
  bad: '#ff9f9f',
  faint: '#d0d0d0',
  down: '#5fffff',
  up: '#ff9fff',
  selected: ['#000000', '#ffff00'],
  alarm: ['#000000', '#ffffff'],
}

/** The terminal's own, so that its scheme decides. */
const terminal: Palette = {
  accent: 'cyan',
  good: 'green',
  warning: 'yellow',
  bad: 'red',
  faint: null,
  down: 'cyan',
  up: 'magenta',
  selected: null,
  alarm: ['black', 'yellow'],
}

const made: Readonly<Record<'rich' | 'plain', Readonly<Record<ThemeName, Theme>>>> = {
  rich: { dark: make(dark), light: make(light), contrast: make(contrast), terminal: make(terminal) },
  plain: {
    dark: make(terminal),
    // Yellow and cyan cannot be read on white.
    light: make({ ...terminal, accent: 'blue', warning: 'magenta', down: 'blue', alarm: ['white', 'red'] }),
    contrast: make({
      accent: 'whiteBright',
      good: 'greenBright',
      warning: 'yellowBright',
      bad: 'redBright',
      faint: 'white',
      down: 'cyanBright',
      up: 'magentaBright',
      selected: ['black', 'whiteBright'],
      alarm: ['black', 'yellowBright'],
    }),
    terminal: make(terminal),
  },
}

function make({ accent, good, warning, bad, faint, down, up, selected, alarm }: Palette): Theme {
  const dim = faint === null ? { dimColor: true } : { color: faint }
  return {
    title: { color: accent, bold: true },
    tab: dim,
    openTab: { color: accent, bold: true },
    columns: { bold: true, underline: true },
    heading: { bold: true },
    selected: selected === null ? { inverse: true } : { color: selected[0], backgroundColor: selected[1] },
    marked: { color: warning, bold: true },
    good: { color: good },
    warning: { color: warning },
    bad: { color: bad },
    alarm: { color: alarm[0], backgroundColor: alarm[1], bold: true },
    dim,
    hint: dim,
    down: { color: down },
    up: { color: up },
    axis: dim,
    border: dim,
  }
}
