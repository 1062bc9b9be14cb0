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
