/** How both engines share out the descriptors that the process may have. */

/** Left for everything but sessions: listeners, pipes, management clients, files. */
const reserved = 512
/** Of those, as many may be extras. */
const fewestExtras = 128
/** Under a limit from here on, a sixteenth of the rest is for extras alone. */
const plenty = 4096
/** Extras hold ports of this machine, which it wants for itself, too. */
const mostExtras = 8192
/** Sessions that are tried however low the limit is. */
const fewestSessions = 16

export interface DescriptorShares {
  /** Sessions, of two descriptors each. */
  readonly sessions: number
  /** Sockets that sessions have beside those two: a BIND's listener, an association's, further attempts of a dial. */
  readonly extras: number
}

/** The shares of `wanted` sessions, or of as many as there is room for, within a limit, which may be infinite. */
export function shareDescriptors(limit: number, wanted: number): DescriptorShares {
  const rest = limit - reserved
  const setAside = limit < plenty ? 0 : Math.min(mostExtras, Math.floor(rest / 16))
  const sessions = Math.min(wanted, Math.max(fewestSessions, Math.floor((rest - setAside) / 2)))
  return { sessions, extras: Math.min(mostExtras, fewestExtras + Math.max(0, rest - 2 * sessions)) }
}
