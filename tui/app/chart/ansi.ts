// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
const colorCode = /\u001b\[(\d+)m/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const colorCodes = /\u001b\[\d+m/g
const defaultColor = '39'
const defaultBackground = '49'

/** `row` without its colors. */
export function stripColors(row: string): string {
  return row.replace(colorCodes, '')
}

export interface Run {
  readonly text: string
  /** Whether it is of the graph itself; else it is of the axis, or empty. */
  readonly drawn: boolean
}

/** `row` in runs, one for all neighbours of the same kind: a tenth of what there is to lay out. Spaces are of either. */
export function runsOf(row: string): Run[] {
  const runs: { text: string; drawn: boolean }[] = []
  let drawn = false
  for (const [at, part] of row.split(colorCode).entries()) {
    const last = runs.at(-1)
    if (at % 2 === 1) {
      if (part !== defaultBackground) drawn = part !== defaultColor
    } else if (last && (last.drawn === drawn || part.trim() === '')) {
      last.text += part
    } else if (part !== '') {
      runs.push({ text: part, drawn })
    }
  }
  return runs
}

/** `row`, without colors, in ASCII: each braille character as the one whose ink lies nearest. */
export function brailleToAscii(row: string): string {
  return row.replace(/[\u2800-\u28ff]/g, (character) => asciiOf(character.charCodeAt(0) - 0x2800))
}

/** The dots of each of the four rows of a braille character, top first (Unicode 15, section 21.1). */
const dotRows = [0x09, 0x12, 0x24, 0xc0]

function asciiOf(dots: number): string {
  const rows = dotRows.map((mask) => (dots & mask) !== 0)
  if (rows.filter(Boolean).length > 2) return '|'
  return ['"', '-', '.', '_'][rows.lastIndexOf(true)] ?? ' '
}
