import type { Lease, LeaseAsk } from './store.ts'

/** What a node has of a user, and wants, as it told last. */
export interface Stake {
  /** Bytes granted and not stored as used. */
  readonly bytes: number
  readonly slots: number
  readonly wantsSlots: number
  readonly live: number
  readonly wantsUp: number
  readonly wantsDown: number
}

/** The least that is granted of a quota, in bytes, while there is so much: what takes several asks a second is no use. */
const smallestGrant = 1 << 20
/** Of the free places, when nobody lacks any. */
const atOnce = 3 / 4
/** Of a rate, what is dealt out evenly among all that hold a lease, so that who begins does not stand still until it has asked. */
const evenly = 0.05

/**
 * What a node gets that asks and had `before`, if its lease still holds, when `others` hold what they hold and `used` bytes
 * of the quota are stored as used. Pure: the store calls it while nobody else can ask for this user.
 */
export function grant(ask: LeaseAsk, before: Stake | undefined, others: readonly Stake[], used: number): Lease {
  const { limits } = ask
  return {
    user: ask.user,
    bytes: limits.quota === undefined ? undefined : grantBytes(ask, limits.quota - used, others),
    slots: limits.maxConnections === undefined ? undefined : grantSlots(ask, before, limits.maxConnections, others),
    rateUp: limits.rateUp && shareOfRate(limits.rateUp, { ...ask, wants: ask.wantsUp }, others.map(wanting('wantsUp'))),
    rateDown:
      limits.rateDown &&
      shareOfRate(limits.rateDown, { ...ask, wants: ask.wantsDown }, others.map(wanting('wantsDown'))),
    contested: others.some(isStarving),
  }
}

/** What others see of a node that has this lease. Connections that are open count, also where the limit has become less. */
export function stakeOf(ask: LeaseAsk, { bytes = 0, slots = 0 }: Lease): Stake {
  const { wantsSlots, live, wantsUp, wantsDown } = ask
  return { bytes, slots: Math.max(slots, live), wantsSlots, live, wantsUp, wantsDown }
}

/** So that nobody is given the last of it while others have to do without, a node gets a part of what is left. */
function grantBytes({ unused, wantsBytes }: LeaseAsk, left: number, others: readonly Stake[]): number {
  const free = left - others.reduce((sum, { bytes }) => sum + bytes, 0)
  const part = Math.max(smallestGrant, Math.floor((free - unused) / (2 * others.length + 2)))
  return Math.max(0, Math.min(free, unused + Math.min(wantsBytes, part)))
}

/**
 * What a node had and still wants it keeps: while it asked, clients may have taken it. Of what is free, those that have
 * less than they want are left a part each, and whoever comes next a place, which is had for the asking.
 */
function grantSlots(
  { live, wantsSlots }: LeaseAsk,
  before: Stake | undefined,
  most: number,
  others: readonly Stake[],
): number {
  const free = most - others.reduce((sum, { slots }) => sum + slots, 0)
  const kept = Math.max(live, Math.min(before?.slots ?? 0, wantsSlots))
  const starving = others.filter(isStarving).length
  const room = Math.max(0, free - kept)
  const part = Math.ceil(starving === 0 ? room * atOnce : room / (starving + 1))
  return Math.max(0, Math.min(free, Math.max(wantsSlots, kept), kept + part))
}

function isStarving({ slots, wantsSlots }: Stake): boolean {
  return wantsSlots > slots
}

interface Wanting {
  readonly live: number
  readonly wants: number
}

function wanting(direction: 'wantsUp' | 'wantsDown'): (stake: Stake) => Wanting {
  return ({ live, [direction]: wants }) => ({ live, wants })
}

/**
 * By connections, but nobody gets more than they want while others want more (max-min fairness); what nobody wants is dealt
 * out all the same.
 */
function shareOfRate(rate: number, asking: Wanting, others: readonly Wanting[]): number {
  const all = [asking, ...others]
  const dealt = rate * (1 - evenly)
  const weight = ({ live }: Wanting) => Math.max(1, live)
  // From who wants least for each connection on: who is content leaves more to all that follow.
  const byWant = all.toSorted((a, b) => a.wants / weight(a) - b.wants / weight(b))
  let [left, weights] = [dealt, all.reduce((sum, one) => sum + weight(one), 0)]
  let share = 0
  for (const one of byWant) {
    const fair = (left * weight(one)) / weights
    const gets = Math.min(one.wants, fair)
    if (one === asking) share = gets
    left -= gets
    weights -= weight(one)
  }
  const spare = (left * weight(asking)) / all.reduce((sum, one) => sum + weight(one), 0)
  return Math.max(1, Math.floor(share + spare + (rate * evenly) / all.length))
}
