import { Reason } from '../session-table.ts'

/** How both engines try the addresses of a name (RFC 8305): in turns of the two families, one beside the other. */

/** After so long a further attempt begins beside those under way, in milliseconds (RFC 8305, section 5). */
const attemptDelay = 250
/** Attempts of one dial that are under way at once. */
export const mostAttempts = 4

/**
 * IPv6 and IPv4 addresses by turns, each family in the order it came in, beginning with the family of the first (RFC 8305,
 * section 4, with a First Address Family Count of 1).
 */
export function inTurns<T>(addresses: readonly T[], isIpv6: (address: T) => boolean): T[] {
  const [first] = addresses
  if (first === undefined) return []
  const leads = isIpv6(first)
  const leading = addresses.filter((address) => isIpv6(address) === leads)
  const others = addresses.filter((address) => isIpv6(address) !== leads)
  const longer = Math.max(leading.length, others.length)
  return Array.from({ length: longer }, (_, i) => [...leading.slice(i, i + 1), ...others.slice(i, i + 1)]).flat()
}

/**
 * Milliseconds until a dial goes on to its next address, or, if there is none, gives up: each address that is still to be
 * tried has an equal share of the time that is left, and the next one waits no longer than `attemptDelay` if it may
 * begin beside the others.
 */
export function untilNextAttempt(left: number, untried: number, mayBeginBeside: boolean): number {
  const share = left / (untried + 1)
  return untried > 0 && mayBeginBeside ? Math.min(share, attemptDelay) : share
}

/** What tells most of a destination comes first; whatever is not here tells of this machine. */
const telling: readonly Reason[] = [Reason.refused, Reason.timedOut, Reason.unreachable, Reason.forbidden]

/** Whether a dial that has failed for `before` is now to be told to have failed for `next`: the later of two alike. */
export function tellsAsMuch(next: Reason, before: Reason): boolean {
  return rank(next) <= rank(before)
}

function rank(reason: Reason): number {
  const place = telling.indexOf(reason)
  return place < 0 ? telling.length : place
}
