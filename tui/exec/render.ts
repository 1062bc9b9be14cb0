import type { Outcome, Table } from '../../shared/commands/verb.ts'
import { safeJson, safeText } from '../../shared/format/safe-text.ts'
import { shown } from '../../shared/format/unknown.ts'

/** What is written for a command that is done, line ends included. Safe for a terminal, whatever the daemon says. */
export async function render({ data, view }: Outcome, json: boolean): Promise<string> {
  if (json) return `${safeJson(data)}\n`
  if (typeof view === 'string') return view === '' ? '' : `${safeText(view)}\n`
  const table = { ...view, rows: view.rows.map((row) => row.map(cellText)) }
  return tableLines(table, await widthFor(table))
    .map((line) => `${line}\n`)
    .join('')
}

/** Safe for a terminal, whatever a daemon has told in place of a text. */
export function cellText(cell: unknown): string {
  return safeText(shown(cell))
}

const ascii = /^[ -~]*$/

/** string-width takes longer to load than all the rest of a command, so only who needs it pays for it. */
async function widthFor({ rows }: Table): Promise<(text: string) => number> {
  if (rows.flat().every((cell) => ascii.test(cell))) return (text) => text.length
  return (await import('string-width')).default
}

const gap = '  '

/** The lines of a table, columns aligned, nothing after the last word of a line; rows may have fewer cells than others. `widthOf` counts terminal columns. */
export function tableLines({ heading, rows, right = [] }: Table, widthOf: (text: string) => number): string[] {
  const all = heading ? [heading, ...rows] : rows
  const widths: number[] = []
  for (const row of all) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell))
  }
  const pad = (cell: string, at: number) => {
    const padding = ' '.repeat((widths[at] as number) - widthOf(cell))
    return right.includes(at) ? padding + cell : cell + padding
  }
  return all.map((row) => row.map(pad).join(gap).trimEnd())
}
