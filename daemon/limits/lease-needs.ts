import type { LeaseAsk } from '../store/store.ts'
import { type Effective, numberOf } from './effective-limits.ts'

/** Milliseconds after which a lease is asked for anew though nothing has changed: twice in the time that it holds. */
export const renewal = 20_000
/** Milliseconds between two asks for a share that others have parts of. */
const balancePeriod = 2_000
/** Bytes of a quota that are asked for at least, and otherwise what moves within so many seconds. */
const leastBytes = 4 << 20
const reserveSeconds = 30
/** Part of a share from which on it is taken for too small. */
const nearlyAll = 0.85

/** What this daemon has of a user's limits. */
export interface Held {
  readonly id: number
  readonly slots: number | undefined
  readonly rateUp: number | undefined
  readonly rateDown: number | undefined
  readonly contested: boolean
  /** Whether the last ask brought more places: then another one may. */
  readonly hasGrown: boolean
  /** As `Usage.moved` counts: where the part of the quota ends. Undefined without a quota. */
  end: number | undefined
  /** Bytes of it that there were when it was granted, and whether they were fewer than was asked for. */
  readonly granted: number
  readonly isScarce: boolean
  /** When it was asked for, and what was so then. */
  readonly asked: number
  readonly moved: number
  readonly refused: number
  /** Bytes a second, as others were told. */
  readonly wants: { readonly up: number; readonly down: number }
  /** Bytes a second, measured last. */
  pace: Pace
  /** When a connection was open last. */
  lastLive: number
}

/** How fast a user goes. */
interface Pace {
  readonly time: number
  readonly up: number
  readonly down: number
  readonly upRate: number
  readonly downRate: number
}

/** How it stands with a user here. */
export interface Standing {
  /** Bytes in this run, and how many of them are given to the store. */
  readonly moved: number
  readonly given: number
  /** Connections that are open, logins that wait for one, and how often the user was refused for having too many. */
  readonly live: number
  readonly waiting: number
  readonly refused: number
  /** Worked out where it is needed. */
  readonly limits: () => SharedLimits
}

type SharedLimits = LeaseAsk['limits']

/** Of the limits of a user those that a fleet shares out. */
export function sharedOf(limits: Effective): SharedLimits & { readonly isShared: boolean } {
  const [quota, maxConnections] = [numberOf(limits, 'quota'), numberOf(limits, 'max-connections')]
  const [rateUp, rateDown] = [numberOf(limits, 'rate-up'), numberOf(limits, 'rate-down')]
  const isShared = [quota, maxConnections, rateUp, rateDown].some((limit) => limit !== undefined)
  return { quota, maxConnections, rateUp, rateDown, isShared }
}

/** Whether it is to be asked for anew. `now`: milliseconds, as those in `held`. */
export function isDue({ moved, live, refused, limits }: Standing, held: Held, now: number): boolean {
  const age = now - held.asked
  if (age >= renewal) return true
  if (held.end !== undefined && moved > held.moved && held.end - moved < held.granted / 2) return true
  const isRefused = held.slots !== undefined && refused !== held.refused
  if (isRefused && held.hasGrown) return true
  if (age < balancePeriod) return false
  if (isRefused) return true
  const { slots, contested, pace, wants } = held
  if (slots !== undefined && slots > live) {
    if (contested || slots > live + spareSlots(live, limits().maxConnections ?? 0)) return true
  }
  if (wants.up > 2 * wantOf(pace.upRate, held.rateUp) || wants.down > 2 * wantOf(pace.downRate, held.rateDown))
    return true
  return isBusy(pace.upRate, held.rateUp) || isBusy(pace.downRate, held.rateDown)
}

/** What to ask for the user of that id. What was granted for more than is needed now goes back: `held` has it no longer. */
export function askFor(
  user: number,
  { moved, given, live, waiting, refused, limits }: Standing,
  held?: Held,
): LeaseAsk {
  const { quota, maxConnections, rateUp, rateDown } = limits()
  const pace = held?.pace ?? { upRate: 0, downRate: 0 }
  const reserve = Math.max(leastBytes, reserveSeconds * (pace.upRate + pace.downRate))
  const recently = held ? 4 * (moved - held.moved) : 0
  const target = Math.ceil(Math.max(reserve, recently))
  if (held?.end !== undefined) held.end = Math.min(held.end, moved + 2 * target)
  const end = held?.end ?? moved
  const most = maxConnections ?? 0
  const wasRefused = held !== undefined && refused !== held.refused
  const isShort = waiting > 0 || wasRefused || (held !== undefined && live >= (held.slots ?? 0))
  const spare = spareSlots(live, most)
  const wanted = held?.contested && !isShort ? live : isShort ? 2 * live + waiting + spare : live + spare
  return {
    user,
    limits: { quota, maxConnections, rateUp, rateDown },
    unused: Math.max(0, end - given),
    wantsBytes: quota === undefined ? 0 : Math.max(0, target - Math.max(0, end - moved)),
    live,
    wantsSlots: maxConnections === undefined ? 0 : Math.min(most, wanted),
    wantsUp: wantOf(pace.upRate, held?.rateUp),
    wantsDown: wantOf(pace.downRate, held?.rateDown),
  }
}

/** Places beside those that are taken, of so many in all. */
function spareSlots(live: number, most: number): number {
  return Math.max(Math.min(8, Math.ceil(most / 8)), Math.ceil(live / 4))
}

/** Whether so much of a rate is used that its share may be too small, or too large for others. */
function isBusy(pace: number, share: number | undefined): boolean {
  return share !== undefined && pace > share / 4
}

/** Bytes a second that would be enough; `Infinity`: nobody knows, since there was no more. */
function wantOf(pace: number, share: number | undefined): number {
  return share === undefined || pace >= share * nearlyAll ? Number.POSITIVE_INFINITY : Math.ceil(pace * 1.15)
}
