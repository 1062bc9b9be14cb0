/** A line of RFC 4180, without its end. */
export function csvLine(cells: readonly (string | number)[]): string {
  return cells.map(cellOf).join(',')
}

function cellOf(value: string | number): string {
  const text = String(value)
  // A spreadsheet takes what begins so for a formula.
  const safe = typeof value === 'string' && /^[=+\-@]/.test(text) ? `'${text}` : text
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
