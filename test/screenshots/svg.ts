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

/** What a terminal shows, a piece of SVG for each of its rows. */
export interface Frame {
  readonly columns: number
  readonly rows: readonly string[]
}

/** What a terminal with these colors shows now. */
export function drawFrame({ buffer, rows, cols: columns }: Terminal, scheme: Scheme = dark): Frame {
  const { active } = buffer
  return {
    columns,
    rows: Array.from({ length: rows }, (_, row) => {
      const line = active.getLine(active.viewportY + row)
      const cells = Array.from({ length: columns }, (_, column) => line?.getCell(column))
      return runsOf(cells, scheme)
        .flatMap((run) => drawRun(run, scheme))
        .join('')
    }),
  }
}

/** A picture that looks the same whatever the fonts of its viewer. `title` is for those who cannot see it. */
export function picture(frame: Frame, title: string, scheme: Scheme = dark): string {
  return svg(frame, title, scheme, '', place(frame.rows))
}

/** Frames one after the other, each for so many seconds, again and again; a viewer that moves nothing shows the first. */
export function recording(frames: readonly Frame[], seconds: number, title: string, scheme: Scheme = dark): string {
  const [first] = frames
  if (!first) throw new Error('a recording has a frame at least')
  // What is on the screen for long is in the file once.
  const names = new Map<string, string>()
  const rows = frames.map((frame) =>
    frame.rows.map((row) => {
      if (row === '') return ''
      const name = names.get(row) ?? `r${names.size}`
      names.set(row, name)
      return `<use href="#${name}"/>`
    }),
  )
  const whole = frames.length * seconds
  const style = `<style>.f{visibility:hidden;animation:f ${whole}s step-end infinite}@keyframes f{0%{visibility:visible}${round(100 / frames.length, 3)}%{visibility:hidden}}</style>`
  const kept = [...names].map(([row, name]) => `<g id="${name}">${row}</g>`).join('\n')
  const shown = rows.map((row, at) => {
    const paper = rectangle(0, 0, round(first.columns * cell.width), first.rows.length * cell.height, scheme.paper)
    return `<g class="f" style="animation-delay:${round(at * seconds, 2)}s">${paper}${place(row)}</g>`
  })
  const still = `<g>${place(rows[0] ?? [])}</g>`
  return svg(first, title, scheme, style + kept, [still, ...shown].join('\n'), kept)
}

function place(rows: readonly string[]): string {
  return rows
    .map((row, at) => (row === '' ? '' : `<g transform="translate(0 ${at * cell.height})">${row}</g>`))
    .filter((row) => row !== '')
    .join('\n')
}

function svg(
  { columns, rows }: Frame,
  title: string,
  { paper }: Scheme,
  defs: string,
  body: string,
  used = body,
): string {
  const width = round(columns * cell.width + 2 * margin)
  const height = rows.length * cell.height + 2 * margin
  const dots = [...new Set([...used.matchAll(/#b([\da-f]{2})"/g)].map(([, code = '']) => code))]
  const braille = dots.map((code) => `<path id="b${code}" d="${dotsOf(Number.parseInt(code, 16))}"/>`).join('')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title>${escapeText(title)}</title>
<defs>${braille}${defs}</defs>
<rect width="100%" height="100%" rx="8" fill="${paper}"/>
<g transform="translate(${margin} ${margin})" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${cell.font}">
${body}
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

function drawRun({ style, column, text }: Run, { paper }: Scheme): string[] {
  const [x, width] = [round(column * cell.width), round(text.length * cell.width)]
  const opacity = style.dim ? ' opacity="0.6"' : ''
  const parts: string[] = []
  if (style.background !== paper) parts.push(rectangle(x, 0, width, cell.height, style.background))
  if (style.underline) parts.push(rectangle(x, cell.height - 1, width, 1, style.color))
  const dots = brailleIn(text, x)
  if (dots !== '') parts.push(`<g fill="${style.color}"${opacity}>${dots}</g>`)
  const weight = style.bold ? ' font-weight="bold"' : ''
  // Word by word: viewers disagree about what spaces in a row are worth.
  for (const { 0: word, index } of text.matchAll(/[^\s\u2800-\u28ff]+/g)) {
    const place = `x="${round(x + index * cell.width)}" y="${cell.baseline}"`
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

function brailleIn(text: string, x: number): string {
  return [...text]
    .map((character, at) => {
      const dots = character.charCodeAt(0) - 0x2800
      if (dots <= 0 || dots > 0xff) return ''
      return `<use href="#b${dots.toString(16).padStart(2, '0')}" x="${round(x + at * cell.width)}"/>`
    })
    .join('')
}

function dotsOf(dots: number): string {
  const [across, down, size] = [cell.width / 2, cell.height / 4, 2.2]
  return bits
    .flatMap((bit, place) => {
      if ((dots & bit) === 0) return []
      const left = round((place % 2) * across + (across - size) / 2)
      const top = round(Math.floor(place / 2) * down + (down - size) / 2)
      return [`M${left} ${top}h${size}v${size}h-${size}z`]
    })
    .join('')
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits))
}
