import type { Sample } from '../../../shared/protocol/methods.ts'

/** Bytes moved, or bytes a second. */
export interface UpDown {
  readonly up: number
  readonly down: number
}

/** The rates of one interval between two samples. */
export interface Point extends UpDown {
  /** The interval's end, milliseconds since 1970 by the daemon's clock, and its length. */
  readonly time: number
  readonly span: number
}

export interface UserTraffic extends UpDown {
  /** Null: all clients without login. */
  readonly name: string | null
  readonly connections: number
}

/** What the daemon's samples tell. */
export interface Traffic {
  readonly latest: Sample | null
  /** The busiest users at the latest sample, with their rates. */
  readonly users: readonly UserTraffic[]
  /** By time; what lies between two intervals was not seen. */
  readonly points: readonly Point[]
}

export const noTraffic: Traffic = { latest: null, users: [], points: [] }

/** Points kept: an hour. */
const most = 3600

/** The traffic after more samples of the same daemon, oldest first; those seen before change nothing. */
export function addSamples(traffic: Traffic, samples: readonly Sample[]): Traffic {
  let { latest, users } = traffic
  const points = [...traffic.points]
  for (const sample of samples) {
    if (latest && sample.seq <= latest.seq) continue
    const span = latest ? sample.time - latest.time : 0
    if (latest && span > 0) points.push({ time: sample.time, span, ...rates(latest, sample, span) })
    users = userTraffic(latest, sample)
    latest = sample
  }
  return { latest, users, points: points.slice(-most) }
}

/** The traffic once another daemon has taken over: counters begin anew, the graph goes on after a gap. */
export function forgetCounters(traffic: Traffic): Traffic {
  return { ...noTraffic, points: traffic.points }
}

/** Bytes a second between two counts that were taken `span` milliseconds apart; 0 for no time. */
export function rates(before: UpDown, after: UpDown, span: number): UpDown {
  const perSecond = span > 0 ? 1000 / span : 0
  return {
    up: Math.max(0, after.up - before.up) * perSecond,
    down: Math.max(0, after.down - before.down) * perSecond,
  }
}

/** A user who was not among the busiest a sample ago has no rate yet. */
function userTraffic(before: Sample | null, now: Sample): UserTraffic[] {
  const earlier = new Map(before?.users.map((user) => [user.name, user]))
  const span = before ? now.time - before.time : 0
  return now.users.map((user) => ({
    name: user.name,
    connections: user.connections,
    ...rates(earlier.get(user.name) ?? user, user, span),
  }))
}
