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
  /**
   * One connection after the other, `inFlight` at a time, each fetching 64 bytes, for `seconds`. With `refused`, the
   * port is one where nobody listens, and each ends with the SOCKS reply that says so.
   */
  | { kind: 'connections'; way: Way; inFlight: number; seconds: number; refused?: boolean }
  /** `count` connections at once, each fetching 64 bytes, until all have them or `seconds` have passed. */
  | { kind: 'burst'; way: Way; count: number; seconds: number }
  /** A 64-byte ping-pong on one connection for `seconds`. */
  | { kind: 'pingpong'; way: Way; seconds: number }
  /** Datagrams of `bytes` of payload to a target and back, by an association, 32 at once, for `seconds`. */
  | { kind: 'datagrams'; proxyPort: number | undefined; bytes: number; seconds: number; joined: boolean }
  /** `count` connections, held until standard input ends; with `moving`, each sends 64 bytes a second to an echo. */
  | { kind: 'hold'; way: Way; count: number; moving?: boolean }
  /** Follow proxyd's metrics and connections over its Unix socket, as proxy-tui does, until standard input ends. */
  | { kind: 'watch'; socket: string }
  /** So many wrong logins a second at a SOCKS port, from so many addresses, until standard input ends. */
  | { kind: 'guesses'; port: number; username: string; rate: number; sources: number }
  /** Flood proxyd's management with `rate` connections a second, until standard input ends. */
  | { kind: 'flood'; socket: string; rate: number }

/** `begin` when the measured time begins, `end` with the figures when it is over. */
export type Progress = { readonly event: 'begin' } | End

export interface End {
  readonly event: 'end'
  readonly seconds: number
  /** CPU seconds that the generator itself took meanwhile. */
  readonly cpu: number
  /** Of each stream. */
  readonly bytes: readonly number[]
  /** Of each stream, from the second second on. */
  readonly bytesLater: readonly number[]
  /** Of all streams together, in each whole tenth of a second since it `began`. */
  readonly bytesByTenth: readonly number[]
  /** Of streams: when they began to move, and when the last one ended, if all have; `Date.now`, and fractions. */
  readonly began: number
  readonly ended?: number | undefined
  /** Connections that got what they came for, or round trips. */
  readonly connections: number
  readonly failures: number
  /** Datagrams that have not come back, or connections that had waited for a second at the end, which is no failure. */
  readonly lost: number
  /** Why the last of them failed. */
  readonly reason: string
  /** Microseconds of each connection, from connect to the last byte, or of each round trip. */
  readonly micros: readonly number[]
}

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
