import type { Outcome } from '../../../shared/commands/verb.ts'
import { safeText } from '../../../shared/format/safe-text.ts'
import { tableLines } from '../../exec/table.ts'
import type { Results } from '../link/carry-out.ts'
import { columnsOf } from '../text.ts'

/** What came of commands, as lines that are safe to show. */
export function resultLines({ outcomes, problem }: Results): string[] {
  return [...outcomes.flatMap(linesOf), ...(problem === null ? [] : [`! ${safeText(problem)}`])]
}

function linesOf({ view, note, warnings = [] }: Outcome): string[] {
  const told = warnings.map((warning) => `note: ${safeText(warning)}`)
  if (typeof view === 'string') return [note ?? '', view].filter(Boolean).map(safeText).concat(told)
  const rows = view.rows.map((row) => row.map(safeText))
  const lines = tableLines({ ...view, rows }, columnsOf)
  return [...(rows.length > 0 ? lines : [...lines, '(none)']), ...told]
}
