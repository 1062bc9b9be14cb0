import { columnsOf, isCountable } from '../text/fit.ts'

/** What Ink has each line of a text go through before it is written: colours, for one. */
type Transform = (line: string, at: number) => string

interface Area {
  readonly width: number
  readonly height: number
}

/** What Ink puts the texts of a frame together by; it can clip them, too, which the app never asks for. */
interface Output {
  write(x: number, y: number, text: string, writing: { transformers: Transform[] }): void
  get(): { output: string; height: number }
}

/** The colours of all that has no others, as codes for the terminal. */
export interface Ground {
  readonly text: string
  readonly background: string
}

let ground: Ground | null = null

/** Have whole frames painted in these colours from now on; null: in the terminal's own. */
export function layGround(under: Ground | null): void {
  ground = under
}

/** A part of a row, with the codes for its colours, and the columns that it takes; NaN where they cannot just be counted. */
interface Piece {
  readonly x: number
  readonly text: string
  readonly width: number
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what switches colours begins with ESC
const colours = /\u001b\[[\d;]*m/g
/**
 * A class that puts the texts of a frame together as Ink's own does, of which the objects, one for each character, were most
 * of the app's garbage. Here a row stays the strings that it is made of. A row of which some lie on others, or take more or
 * fewer columns than they have characters, is left to Ink's.
 */
export function frameBeside(Slow: new (area: Area) => Output): new (area: Area) => Output {
  // The rows of the last frame that were left to Ink, for nearly all come again.
  let kept = new Map<string, string>()

  return class implements Output {
    readonly #area: Area
    readonly #rows: readonly Piece[][]
    readonly #slow = new Map<string, string>()

    constructor(area: Area) {
      this.#area = area
      this.#rows = Array.from({ length: area.height }, () => [])
    }

    write(x: number, y: number, text: string, { transformers }: { transformers: Transform[] }): void {
      for (const [at, line] of text.split('\n').entries()) {
        const shown = transformers.reduce((shown, transform) => transform(shown, at), line)
        if (shown !== '') this.#rows[y + at]?.push({ x, text: shown, width: widthOf(shown) })
      }
    }

    get(): { output: string; height: number } {
      const rows = this.#rows.map((row) => join(row) ?? this.#leave(row))
      const output = (ground ? rows.map(onGround(ground, this.#area.width)) : rows).join('\n')
      kept = this.#slow
      return { output, height: this.#area.height }
    }

    #leave(row: readonly Piece[]): string {
      const key = row.map(({ x, text }) => `${x} ${text}`).join('\n')
      const joined = kept.get(key) ?? this.#joinSlowly(row)
      this.#slow.set(key, joined)
      return joined
    }

    #joinSlowly(row: readonly Piece[]): string {
      const slow = new Slow({ width: this.#area.width, height: 1 })
      for (const { x, text } of row) slow.write(x, 0, text, { transformers: [] })
      return slow.get().output
    }
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what ends colours begins with ESC
const ends = /\u001b\[(0|39|49)m/g

/** Paints rows from edge to edge; where other colours end, these begin again. */
function onGround({ text, background }: Ground, width: number): (row: string) => string {
  const begin: Readonly<Record<string, string>> = { 0: text + background, 39: text, 49: background }
  return (row) => {
    const rest = ' '.repeat(Math.max(0, width - columnsOf(row.replace(colours, ''))))
    return `${text}${background}${row.replace(ends, (end, code) => end + begin[code])}${rest}\u001b[0m`
  }
}

/** The parts of a row beside each other; undefined if that is not how they lie. */
function join(row: readonly Piece[]): string | undefined {
  let line = ''
  let end = 0
  for (const { x, text, width } of row.toSorted((one, other) => one.x - other.x)) {
    if (!(x >= end)) return undefined
    line += ' '.repeat(x - end) + text
    end = x + width
  }
  return Number.isNaN(end) ? undefined : line.trimEnd()
}

function widthOf(text: string): number {
  const seen = text.replace(colours, '')
  return isCountable(seen) ? seen.length : Number.NaN
}
