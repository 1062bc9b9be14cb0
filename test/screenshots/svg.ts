import type { IBufferCell, Terminal } from '@xterm/headless'

/** Size of a cell and of its letters, in pixels; a cell is as wide as a letter of most monospaced fonts is. */
const cell = { width: 8.4, height: 18, font: 14, baseline: 13.5 }
const margin = 12

/** A terminal's own two colors. */
export interface Scheme {
  readonly paper: string
  readonly ink: string
}

const dark: Scheme = { paper: '#1b1d23', ink: '#d7dae0' }
export const light: Scheme = { paper: '#ffffff', ink: '#1b1d23' }

/** The 16 ANSI colors, then xterm's cube of 6x6x6, then its greys. */
const palette = [
  ['#1b1d23', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d7dae0'],
  ['#5c6370', '#ef7a85', '#a5d189', '#f0cd8a', '#72bdff', '#d48aec', '#66c8d4', '#ffffff'],
].flat()
const level = (at: number) => (at === 0 ? 0 : 55 + 40 * at)
for (let at = 0; at < 216; at++)
  palette.push(hex(level(Math.floor(at / 36)), level(Math.floor(at / 6) % 6), level(at % 6)))
for (let at = 0; at < 24; at++) palette.push(hex(8 + 10 * at, 8 + 10 * at, 8 + 10 * at))

function hex(...parts: readonly number[]): string {
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

interface Style {
  readonly color: string
  readonly background: string
  readonly bold: boolean
  readonly dim: boolean
  readonly underline: boolean
}

/** Neighbouring cells of one style; as many UTF-16 units as columns. */
interface Run {
  readonly style: Style
  readonly column: number
  text: string
}

/**
 * What a terminal with these colors shows, as an SVG picture that looks the same whatever the fonts of its viewer. `title`
 * is for those who cannot see it.
 */
export function terminalToSvg(terminal: Terminal, title: string, scheme: Scheme = dark): string {
  const { active } = terminal.buffer
  const rows = Array.from({ length: terminal.rows }, (_, row) => {
    const line = active.getLine(active.viewportY + row)
    const cells = Array.from({ length: terminal.cols }, (_, column) => line?.getCell(column))
    return runsOf(cells, scheme).flatMap((run) => drawRun(run, row, scheme))
  })
  const width = round(terminal.cols * cell.width + 2 * margin)
  const height = terminal.rows * cell.height + 2 * margin
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title>${escapeText(title)}</title>
<rect width="100%" height="100%" rx="8" fill="${scheme.paper}"/>
<g transform="translate(${margin} ${margin})" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${cell.font}">
${rows.flat().join('\n')}
</g>
</svg>
`
}

function runsOf(cells: readonly (IBufferCell | undefined)[], scheme: Scheme): Run[] {
  const runs: Run[] = []
  for (const [column, found] of cells.entries()) {
    // The second half of a wide character has no width of its own.
    if (!found || found.getWidth() === 0) continue
    const style = styleOf(found, scheme)
    const last = runs.at(-1)
    const run = last && sameStyle(last.style, style) ? last : { style, column, text: '' }
    if (run !== last) runs.push(run)
    run.text += (found.getChars() || ' ').padEnd(found.getWidth())
  }
  return runs
}

function styleOf(found: IBufferCell, { ink, paper }: Scheme): Style {
  const shown = (color: number, isRgb: boolean, otherwise: string) =>
    isRgb ? `#${color.toString(16).padStart(6, '0')}` : (palette[color] ?? otherwise)
  const color = found.isFgDefault() ? ink : shown(found.getFgColor(), found.isFgRGB(), ink)
  const background = found.isBgDefault() ? paper : shown(found.getBgColor(), found.isBgRGB(), paper)
  const inverse = found.isInverse() !== 0
  return {
    color: inverse ? background : color,
    background: inverse ? color : background,
    bold: found.isBold() !== 0,
    dim: found.isDim() !== 0,
    underline: found.isUnderline() !== 0,
  }
}

function sameStyle(one: Style, other: Style): boolean {
  return (Object.keys(one) as (keyof Style)[]).every((name) => one[name] === other[name])
}

function drawRun({ style, column, text }: Run, row: number, { paper }: Scheme): string[] {
  const [x, y, width] = [round(column * cell.width), row * cell.height, round(text.length * cell.width)]
  const opacity = style.dim ? ' opacity="0.6"' : ''
  const parts: string[] = []
  if (style.background !== paper) parts.push(rectangle(x, y, width, cell.height, style.background))
  if (style.underline) parts.push(rectangle(x, y + cell.height - 1, width, 1, style.color))
  const dots = dotsOf(text, x, y)
  if (dots) parts.push(`<path d="${dots}" fill="${style.color}"${opacity}/>`)
  const weight = style.bold ? ' font-weight="bold"' : ''
  // Word by word: viewers disagree about what spaces in a row are worth.
  for (const { 0: word, index } of text.matchAll(/[^\s\u2800-\u28ff]+/g)) {
    const place = `x="${round(x + index * cell.width)}" y="${round(y + cell.baseline)}"`
    const length = `textLength="${round(word.length * cell.width)}"`
    parts.push(`<text ${place} ${length} fill="${style.color}"${weight}${opacity}>${escapeText(word)}</text>`)
  }
  return parts
}

function rectangle(x: number, y: number, width: number, height: number, color: string): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${color}"/>`
}

/** Braille as dots of our own: fonts disagree about it. Bits of a character by its rows of two (Unicode 15, 21.1). */
const bits = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80]

function dotsOf(text: string, x: number, y: number): string {
  const [across, down, size] = [cell.width / 2, cell.height / 4, 2.2]
  return [...text]
    .flatMap((character, at) => {
      const dots = character.charCodeAt(0) - 0x2800
      if (dots < 0 || dots > 0xff) return []
      return bits.flatMap((bit, place) => {
        if ((dots & bit) === 0) return []
        const left = round(x + at * cell.width + (place % 2) * across + (across - size) / 2)
        const top = round(y + Math.floor(place / 2) * down + (down - size) / 2)
        return [`M${left} ${top}h${size}v${size}h-${size}z`]
      })
    })
    .join('')
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10
}
