import type { Sample } from '../../../shared/protocol/methods.ts'

/** Bytes moved, or bytes a second. */
export interface UpDown {
  readonly up: number
  readonly down: number
}

/** The rates of one interval. */
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
  /** The rates of everybody between the two latest samples. */
  readonly rate: UpDown
  /** The busiest users at the latest sample, with their rates. */
  readonly users: readonly UserTraffic[]
  /** Those of the last minute, oldest first. */
  readonly recent: readonly Sample[]
}

/** Nothing moves. */
export const still: UpDown = { up: 0, down: 0 }
export const noTraffic: Traffic = { latest: null, rate: still, users: [], recent: [] }

/** Samples whose differences are a minute. */
export const minuteOfSamples = 61

/** The traffic after more samples of the same daemon, oldest first; those seen before change nothing. */
export function addSamples(traffic: Traffic, samples: readonly Sample[]): Traffic {
  const fresh = samples.filter(({ seq }) => seq > (traffic.latest?.seq ?? -1))
  const recent = [...traffic.recent, ...fresh].slice(-minuteOfSamples)
  const [before, latest] = [recent.at(-2), recent.at(-1)]
  if (fresh.length === 0 || !latest) return traffic
  const rate = before ? rates(before, latest, latest.time - before.time) : still
  return { latest, rate, users: userTraffic(recent), recent }
}

/** Bytes a second between two counts that were taken `span` milliseconds apart; 0 for no time. */
export function rates(before: UpDown, after: UpDown, span: number): UpDown {
  const perSecond = span > 0 ? 1000 / span : 0
  return {
    up: Math.max(0, after.up - before.up) * perSecond,
    down: Math.max(0, after.down - before.down) * perSecond,
  }
}

/**
 * A user's rates in the last minute. A sample names the busiest only, and all who moved something if those are few: then
 * who is not named moved nothing, else what they moved is spread over the time until they are named again.
 */
export function userPoints(recent: readonly Sample[], name: string | null): Point[] {
  const points: Point[] = []
  let before: { readonly time: number; readonly counts: UpDown } | undefined
  for (const { time, users } of recent) {
    const counts = users.find((user) => user.name === name) ?? (users.length < mostUsers ? before?.counts : undefined)
    if (!counts) continue
    const span = before ? time - before.time : 0
    if (before && span > 0) points.push({ time, span, ...rates(before.counts, counts, span) })
    before = { time, counts }
  }
  return points
}

/** Users whom a sample names at most. */
const mostUsers = 10

/** A user whom no recent sample names has no rate yet. */
function userTraffic(recent: readonly Sample[]): UserTraffic[] {
  const now = recent.at(-1)?.users ?? []
  return now.map(({ name, connections }) => {
    const { up, down } = userPoints(recent, name).at(-1) ?? still
    return { name, connections, up, down }
  })
}
