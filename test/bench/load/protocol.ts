/** What the bench asks of its load generator, as one JSON argument, and what the generator answers, as JSON lines. */

export interface Way {
  /** The SOCKS server, or undefined to go straight to the origin. */
  readonly proxy?: { readonly port: number; readonly username?: string; readonly password?: string } | undefined
  /** A port of the origin, or the name to be asked for with it. */
  readonly port: number
  readonly name?: string | undefined
}

export type Load =
  /** Move bytes over `streams` connections for `seconds`. */
  | { kind: 'bulk'; way: Way; streams: number; direction: 'down' | 'up' | 'both'; seconds: number }
  /** One connection after the other, `inFlight` at a time, each fetching 64 bytes, for `seconds`. */
  | { kind: 'connections'; way: Way; inFlight: number; seconds: number }
  /** A 64-byte ping-pong on one connection for `seconds`. */
  | { kind: 'pingpong'; way: Way; seconds: number }
  /** `count` connections at once, held until standard input ends. */
  | { kind: 'hold'; way: Way; count: number }

/** `begin` when the measured time begins, `end` with the figures when it is over. */
export type Progress =
  | { event: 'begin' }
  | { event: 'end'; seconds: number; bytes: number[]; connections: number; failures: number; micros: number[] }

/** The origin's ports, by what it does there. */
export interface OriginPorts {
  /** Sends as fast as it is read. */
  readonly source: number
  /** Reads and drops. */
  readonly sink: number
  /** Both at once. */
  readonly both: number
  /** Sends back what comes. */
  readonly echo: number
  /** Answers the first bytes with 64 and closes. */
  readonly short: number
}
