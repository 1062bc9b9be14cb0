import type { Sample } from '../../../shared/protocol/methods.ts'
import type { Point, UpDown } from '../chart/resample.ts'

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

/**
 * The traffic after more samples of the same daemon; those seen before change nothing. The past, which was asked for, may
 * come after the first sample that came unasked.
 */
export function addSamples(traffic: Traffic, samples: readonly Sample[]): Traffic {
  const seen = new Set(traffic.recent.map(({ seq }) => seq))
  const unseen = samples.filter(({ seq }) => !seen.has(seq))
  if (unseen.length === 0) return traffic
  const recent = [...traffic.recent, ...unseen].sort((one, other) => one.seq - other.seq).slice(-minuteOfSamples)
  const [before, latest] = [recent.at(-2), recent.at(-1)]
  const rate = before && latest ? rates(before, latest, latest.time - before.time) : still
  return { latest: latest ?? null, rate, users: userTraffic(recent), recent }
}

/** Without samples that are later than the one of now: they were none, or the daemon counts anew. */
export function forgetLater(traffic: Traffic, { seq }: Sample): Traffic {
  if (!traffic.latest || traffic.latest.seq < seq) return traffic
  const recent = traffic.recent.filter((one) => one.seq < seq)
  return { ...traffic, latest: recent.at(-1) ?? null, recent }
}

/** Those that were not seen by `latest`. */
export function samplesAfter(latest: Sample | null, samples: readonly Sample[]): readonly Sample[] {
  return samples.filter(({ seq }) => seq > (latest?.seq ?? -1))
}

/** Bytes a second between two counts that were taken `span` milliseconds apart; 0 for no time. */
export function rates(before: UpDown, after: UpDown, span: number): UpDown {
  const perSecond = span > 0 ? 1000 / span : 0
  return { up: growth(before.up, after.up) * perSecond, down: growth(before.down, after.down) * perSecond }
}

/** By how much a count that only grows has grown; what fell was no such count, and has not grown. */
export function growth(before: number, after: number): number {
  return Math.max(0, after - before)
}

/** What somebody had moved by a moment of the daemon's clock. */
export interface Counted extends UpDown {
  readonly time: number
}

/**
 * What a sample tells of a user beside the sample before, and what they had moved `before` that. A sample names the busiest
 * only, and all who moved something if those are few: then who is not named moved nothing, else what they moved is spread
 * over the time until they are named again.
 */
export function userPoint(
  earlier: Sample,
  { time, users }: Sample,
  name: string | null,
  before: Counted | null,
): { readonly point: Point | null; readonly counted: Counted | null } {
  const named = users.find((user) => user.name === name)
  if (named) {
    const counted = { time, up: named.up, down: named.down }
    const span = before ? time - before.time : 0
    return { point: before && span > 0 ? { time, span, ...rates(before, counted, span) } : null, counted }
  }
  if (users.length >= mostUsers || time <= earlier.time) return { point: null, counted: before }
  const isCurrent = before?.time === earlier.time
  return { point: { time, span: time - earlier.time, ...still }, counted: isCurrent ? { ...before, time } : before }
}

/** A user's rates in the last minute, from when a sample named them first. */
export function userPoints(recent: readonly Sample[], name: string | null): Point[] {
  const points: Point[] = []
  let counted: Counted | null = null
  for (const [at, sample] of recent.entries()) {
    const before: Counted | null = counted
    const told = userPoint(recent[at - 1] ?? sample, sample, name, before)
    if (before && told.point) points.push(told.point)
    counted = told.counted
  }
  return points
}

/** Users whom a sample names at most. */
const mostUsers = 10

/** A user whom no other recent sample names has no rate yet. */
function userTraffic(recent: readonly Sample[]): UserTraffic[] {
  const now = recent.at(-1)?.users ?? []
  const earlier = recent.slice(0, -1)
  return now.map(({ name, connections }) => {
    // What came before a sample that names them changes nothing; where there is none (-1), that leaves the last.
    const named = earlier.findLastIndex(({ users }) => users.some((user) => user.name === name))
    const { up, down } = userPoints(recent.slice(named), name).at(-1) ?? still
    return { name, connections, up, down }
  })
}
