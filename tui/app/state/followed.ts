import type { ClosedConnection, Connection, Result } from '../../../shared/protocol/methods.ts'
import type { Point } from '../chart/resample.ts'
import { rates, still } from './traffic.ts'

export type Details = Result<'connections.get'>

/** A connection that the person looks at closely, beyond its end. */
export interface Followed extends Details {
  /** Its throughput by this machine's clock, the newest last; the first is the average of its life before it was looked at. */
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

/**
 * What is known after the daemon has told more; null: it knows of no such connection any longer. `skew`: by how many
 * milliseconds the daemon's clock is ahead.
 */
export function learn(followed: Followed, details: Details | null, at: number, skew: number): Followed {
  if (!details) return { ...followed, forgotten: true }
  const { connection, end } = details
  const isFirst = followed.timeline.length === 0
  // When it ended before it was looked at there is no course of it, and its whole average is told.
  if (followed.end || (isFirst && end)) return { ...details, points: followed.points, at, forgotten: false }
  const span = isFirst ? at + skew - connection.opened : at - followed.at
  if (span <= 0) return { ...details, points: followed.points, at, forgotten: false }
  const point = { time: at, span, ...rates(isFirst ? still : followed.connection, connection, span) }
  // The first stays: it tells when looking began.
  const points = followed.points.length < most ? followed.points : followed.points.toSpliced(1, 1)
  return { ...details, points: [...points, point], at, forgotten: false }
}

/** Whether it is over, so that nothing can be done to it. */
export function isOver({ end, forgotten }: Followed): boolean {
  return end !== null || forgotten
}
