import type { ThemeName } from './theme.ts'

/** Colours of a graph's area, from its axis outwards: `#rrggbb`, between which others are mixed, or names of colours. */
export interface Gradients {
  readonly down: readonly string[]
  readonly up: readonly string[]
}

/** The colours of a theme's graphs in so many bits of colour. All can be told from the background that the theme assumes (3:1). */
export function gradientsOf(name: ThemeName, depth: number): Gradients {
  if (name === 'terminal') return terminal
  if (depth > 8) return mixed[name]
  return depth > 4 ? indexed[name] : named[name]
}

const mixed = {
  dark: { down: ['#0087af', '#00d7d7', '#afffaf'], up: ['#875fd7', '#d787ff', '#ffafd7'] },
  light: { down: ['#0087d7', '#005faf', '#00005f'], up: ['#af5fd7', '#87009f', '#5f005f'] },
  contrast: { down: ['#5fd7ff', '#5fffff', '#ffffff'], up: ['#ff87ff', '#ffafff', '#ffffff'] },
} as const

const terminal: Gradients = { down: ['cyan', 'cyanBright'], up: ['magenta', 'magentaBright'] }

const named = {
  dark: terminal,
  light: { down: ['blueBright', 'blue'], up: ['magenta'] },
  contrast: { down: ['cyanBright', 'whiteBright'], up: ['magentaBright', 'whiteBright'] },
} as const

/** The levels of the 6x6x6 colours from number 16 of xterm's 256 on; Ink takes them to be evenly apart. */
const levels = [0, 95, 135, 175, 215, 255]

/** How many of the 256 colours stand for a mixed gradient. */
const indexedSteps = 7

const indexed = {
  dark: index(mixed.dark),
  light: index(mixed.light),
  contrast: index(mixed.contrast),
}

function index({ down, up }: Gradients): Gradients {
  const steps = (gradient: readonly string[]) =>
    Array.from({ length: indexedSteps }, (_, at) => cubeColour(colourAt(gradient, at / (indexedSteps - 1)) ?? ''))
  return { down: steps(down), up: steps(up) }
}

/** The colour at a height between 0, the axis, and 1; undefined where there is none. */
export function colourAt(gradient: readonly string[], height: number): string | undefined {
  const last = gradient.length - 1
  if (!gradient[0]?.startsWith('#')) return gradient[Math.min(last, Math.floor(height * gradient.length))]
  const place = Math.max(0, Math.min(last, height * last))
  const [below, above] = [gradient[Math.floor(place)], gradient[Math.ceil(place)]]
  return below && above && mix(channels(below), channels(above), place % 1)
}

function mix(one: readonly number[], other: readonly number[], share: number): string {
  const mixed = one.map((from, at) => Math.round(from + ((other[at] ?? 0) - from) * share))
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
}

/** The nearest of those to `#rrggbb`, as Ink understands it. */
function cubeColour(colour: string): string {
  const nearest = channels(colour).map((channel) => {
    const distances = levels.map((level) => Math.abs(level - channel))
    return distances.indexOf(Math.min(...distances))
  })
  return `ansi256(${nearest.reduce((sum, level) => sum * 6 + level, 0) + 16})`
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
}
