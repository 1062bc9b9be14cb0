/** How both engines share out the descriptors that the process may have. */

/** Kept for everything but sessions, where a quarter of the limit is as much: management clients, look-ups, files. */
const mostReserved = 512
/** What the process itself has open, and a few who manage it. */
const processNeeds = 64
/** Without anybody who manages it. */
const processNeedsAlone = 48
/** What strangers at the ports of management and metrics may have, once there is enough for all. */
const strangersNeed = 48
/** What a loop has open beside its listening sockets: epoll(7), eventfd(2), and some pipes to splice through. */
const loopNeeds = 12
/** Clients that may wait even where that leaves strangers less. */
const fewestWaiting = 44
/** Of what is left, what it takes to serve anybody: some sessions, and what they have beside their two sockets. */
const fewest = 48
/** Extras hold ports of this machine, which it wants for itself, too; and such a part of them at most. */
const mostExtras = 8192
const partOfPorts = 1 / 3
/**
 * BINDs at once, and the part of all ports that they may have: from the port of one nothing can be dialled while it waits for its
 * peer, while it relays, and as long afterwards as the kernel remembers its connection (TIME_WAIT of RFC 9293, section 3.3.2), to
 * whatever destination.
 */
const mostBinds = 4096
const partForBinds = 1 / 6

/** Connections to a BIND's listening socket that may wait to be looked at, of which one can be the right one. */
export const bindBacklog = 4

/** What is told of an association that there is no room for. */
export const noRoomForAssociation =
  'associations are refused: whoever asks has as many as may be while so few descriptors are left (ulimit -n)'

/** What is told of a BIND that there is no room for. */
export const noRoomForBind =
  'BINDs are refused: whoever asks has as many as may be while so few ports are left to others'

export interface DescriptorShares {
  /** Sessions, of two descriptors each. */
  readonly sessions: number
  /** Sockets that sessions have beside those two: an association's, further attempts of a dial. */
  readonly extras: number
  /** BINDs that have a port, or had one lately. */
  readonly binds: number
  /** Clients that may wait where an engine cannot leave them to the kernel. */
  readonly waiting: number
}

/** The process may not have as many descriptors as it takes. */
export class TooFewDescriptors extends Error {
  constructor(limit: number, needed: number) {
    super(`this process may have ${limit} descriptors, and ${needed} are needed: raise the limit, as by ulimit -n`)
    this.name = 'TooFewDescriptors'
  }
}

/**
 * The shares of `wanted` sessions, or of as many as there is room for, within a limit, which may be infinite. A quarter of
 * what sessions may have is for extras alone. `loops` have `listeners` listening sockets each; `ports` are those that
 * the machine gives to whoever asks for any. Throws `TooFewDescriptors`.
 */
export function shareDescriptors(
  limit: number,
  wanted: number,
  {
    loops,
    listeners,
    ports = Number.POSITIVE_INFINITY,
  }: { readonly loops: number; readonly listeners: number; readonly ports?: number },
): DescriptorShares {
  const needed = processNeeds + loops * (loopNeeds + listeners)
  const rest = limit - Math.max(needed, Math.min(mostReserved, Math.floor(limit / 4)))
  if (rest < fewest) throw new TooFewDescriptors(limit, needed + fewest)
  const most = Math.min(mostExtras, Math.floor(ports * partOfPorts))
  const setAside = Math.min(most, Math.floor(rest / 4))
  const sessions = Math.min(wanted, Math.floor((rest - setAside) / 2))
  const extras = Math.min(most, rest - 2 * sessions)
  const binds = Math.min(mostBinds, Math.floor(ports * partForBinds))
  const spare = limit - 2 * sessions - extras - processNeedsAlone
  return { sessions, extras, binds, waiting: Math.max(fewestWaiting, spare - strangersNeed) }
}
