// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
const colorCodes = /\u001b\[\d+m/g

/** `row` without its colors. */
export function stripColors(row: string): string {
  return row.replace(colorCodes, '')
}
