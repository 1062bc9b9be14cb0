// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
const colorCode = /\u001b\[(\d+)m/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const colorCodes = /\u001b\[\d+m/g
const defaultColor = '39'

/** `row` without its colors. */
export function stripColors(row: string): string {
  return row.replace(colorCodes, '')
}

/** `row` with one color code a run instead of one a character, backgrounds left out: a tenth of the bytes to lay out. */
export function mergeColors(row: string): string {
  const parts = row.split(colorCode)
  let merged = ''
  let shown = defaultColor
  let wanted = defaultColor
  for (const [at, part] of parts.entries()) {
    if (at % 2 === 1) {
      if (part !== '49') wanted = part
    } else if (part.trim() === '') {
      merged += part
    } else {
      merged += wanted === shown ? part : `\u001b[${wanted}m${part}`
      shown = wanted
    }
  }
  return shown === defaultColor ? merged : `${merged}\u001b[${defaultColor}m`
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
