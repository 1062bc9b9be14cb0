import type { AccessEntry, Result } from '../../shared/protocol/methods.ts'
import type { SessionTable } from '../engine/session-table.ts'
import { Refusal } from '../refusal.ts'
import type { EntryReader } from './entry.ts'
import type { Query } from './log-search.ts'

/** A session that has ended, and where it stands among the others. */
interface Remembered {
  readonly ended: number
  readonly serial: number
  readonly entry: AccessEntry
}

/**
 * The sessions that ended last, as far as the tables remember them, newest first: at most `limit` of those that ended
 * before the cursor, of all up to a position without it. Throws a Refusal for a cursor that is none.
 */
export function listEnded(
  tables: readonly SessionTable[],
  reader: EntryReader,
  position: readonly number[],
  { matches, since, limit, cursor }: Query,
): Result<'access.list'> {
  const [ended = Number.POSITIVE_INFINITY, serial = Number.POSITIVE_INFINITY] = cursor?.split(' ').map(Number) ?? []
  if (Number.isNaN(ended) || Number.isNaN(serial)) throw new Refusal('invalid', 'no such cursor')
  const isBefore = (one: Remembered) => one.ended < ended || (one.ended === ended && one.serial < serial)
  const found = tables
    .flatMap((table, loop) => {
      const { endings, closed, serial } = table
      const read = (row: number) => ({
        ended: closed[row],
        serial: serial[row],
        entry: reader.ended(table, row, loop),
      })
      return endings.drain(endings.oldest, position[loop], read).values
    })
    .filter((one) => isBefore(one) && one.entry.ts >= since && matches(one.entry))
    .sort((a, b) => b.ended - a.ended || b.serial - a.serial)
  const shown = found.slice(0, limit)
  const entries = shown.map(({ entry }) => entry)
  const last = shown.at(-1)
  return last && found.length > limit ? { entries, next: `${last.ended} ${last.serial}` } : { entries }
}
