import type { AuditEntry } from '../../shared/protocol/methods.ts'
import { factsIn } from './stored-json.ts'

/** An entry of the audit as a table has it, but for its length. */
export interface AuditRow extends Omit<AuditEntry, 'by' | 'from' | 'given' | 'before' | 'after'> {
  readonly operator: string | null
  readonly via: string
  readonly given: string
  readonly before: string | null
  readonly after: string | null
}

/** `bytes`: of its texts. */
export function rowOf(entry: Omit<AuditEntry, 'id'>) {
  const { time, by: operator, role, from: via, action, outcome, count } = entry
  const [given = '{}', before = null, after = null] = [entry.given, entry.before, entry.after].map((facts) =>
    facts === undefined ? undefined : JSON.stringify(facts),
  )
  const bytes = [operator, via, action, given, before, after].reduce(
    (sum, text) => sum + Buffer.byteLength(text ?? ''),
    0,
  )
  return { time, operator, role, via, action, given, before, after, outcome, count, bytes }
}

export function entryOf({ operator, via, given, before, after, ...rest }: AuditRow): AuditEntry {
  return {
    ...rest,
    by: operator,
    from: via,
    given: factsIn(given),
    ...(before !== null && { before: factsIn(before) }),
    ...(after !== null && { after: factsIn(after) }),
  }
}

/** Of the texts of these. */
export function bytesOf(rows: readonly { readonly bytes: number }[]): number {
  return rows.reduce((sum, { bytes }) => sum + bytes, 0)
}
