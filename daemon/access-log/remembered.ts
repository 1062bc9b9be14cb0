import type { AccessEntry, Result } from '../../shared/protocol/methods.ts'
import type { SessionTable } from '../engine/session-table.ts'
import type { EntryReader } from './entry.ts'

/** A session that has ended, and where it stands among the others. */
interface Remembered {
  readonly ended: number
  readonly serial: number
  readonly entry: AccessEntry
}

/**
 * The sessions that ended last, as far as the tables remember them, newest first: at most `limit` of those that ended
 * before the cursor, of all without it. Undefined for a cursor that is none.
 */
export function listRemembered(
  tables: readonly SessionTable[],
  reader: EntryReader,
  limit: number,
  cursor?: string,
): Result<'access.list'> | undefined {
  const [ended = Number.POSITIVE_INFINITY, serial = Number.POSITIVE_INFINITY] = cursor?.split(' ').map(Number) ?? []
  if (Number.isNaN(ended) || Number.isNaN(serial)) return undefined
  const isBefore = (one: Remembered) => one.ended < ended || (one.ended === ended && one.serial < serial)
  const found = tables
    .flatMap((table, loop) => {
      const { endings, closed, serial } = table
      const read = (row: number) => ({
        ended: closed[row],
        serial: serial[row],
        entry: reader.ended(table, row, loop),
      })
      return endings.drain(endings.oldest, endings.count, read).values
    })
    .filter(isBefore)
    .sort((a, b) => b.ended - a.ended || b.serial - a.serial)
  const shown = found.slice(0, limit)
  const entries = shown.map(({ entry }) => entry)
  const last = shown.at(-1)
  return last && found.length > limit ? { entries, next: `${last.ended} ${last.serial}` } : { entries }
}
