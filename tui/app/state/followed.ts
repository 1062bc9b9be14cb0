import type { ClosedConnection, Connection, Result } from '../../../shared/protocol/methods.ts'
import type { Point } from '../chart/resample.ts'
import { rates } from './traffic.ts'

export type Details = Result<'connections.get'>

/** A connection that the person looks at closely, beyond its end. */
export interface Followed extends Details {
  /** Its throughput since it is looked at, by this machine's clock; the newest last. */
  readonly points: readonly Point[]
  /** When its bytes were told last, in milliseconds since 1970 by this machine's clock. */
  readonly at: number
  /** Whether the daemon has forgotten it, so that nothing new will be told. */
  readonly forgotten: boolean
}

/** Points kept: an hour. */
const most = 3600

/** A connection as the table of the live or of the ended ones tells it, before the daemon was asked. */
export function follow(row: Connection | ClosedConnection, at: number): Followed {
  const end = 'ended' in row ? { time: row.ended, reason: row.reason } : null
  return { connection: row, end, timeline: [], limits: [], points: [], at, forgotten: false }
}

/** What is known after the daemon has told more; null: it knows of no such connection any longer. */
export function learn(followed: Followed, details: Details | null, at: number): Followed {
  if (!details) return { ...followed, forgotten: true }
  const span = at - followed.at
  const before = followed.connection
  // What was moved before it was looked at is no throughput of now, nor is there any after the end.
  const isLater = span > 0 && followed.timeline.length > 0 && !followed.end
  const point = { time: at, span, ...rates(before, details.connection, span) }
  const points = isLater ? [...followed.points.slice(1 - most), point] : followed.points
  return { ...details, points, at, forgotten: false }
}
