import type { Address } from '../../net/address.ts'

/** What is known of sessions that have made their request, and have no peer yet. */

/** A request on its way to its destination. */
export interface Dial {
  /** What the client sent behind its request. */
  readonly rest: Uint8Array
  readonly port: number
  /** Addresses not tried yet. */
  addresses: Address[]
  /** When dialling has taken long enough, on the loop's clock. */
  until: number
  /** Why it will have failed if no address is left: a positive errno, or the dialer's own word for what is forbidden. */
  error: number
  /** Attempts under way: the target half, then extras. */
  underWay: number
  /** So many may be, beside one another. */
  most: number
  /** Whether there was ever one beside or after another, so that the row and late events may be those of another. */
  hadOthers: boolean
}

/** A client that waits for a peer to come. */
export interface Bind {
  /** What the client sent behind its request. */
  readonly rest: Uint8Array
  /** What the request gave as the peer's; it does not bind the peer. */
  readonly port: number
  /** Whence the peer may come; none: from anywhere. */
  peers: readonly Address[]
}
