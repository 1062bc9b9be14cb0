/** The management protocol's version: another major is refused, minors only add. */
export const protocolVersion: readonly [major: number, minor: number] = [1, 0]

/** What the daemon enforces on every management connection, and announces in its greeting. */
export const limits = {
  /** Bytes in one line before login, the LF not counted. */
  lineBeforeLogin: 8 * 1024,
  /** Bytes in one line after login, the LF not counted. */
  line: 1024 * 1024,
  /** Depth of arrays and objects in one message. */
  nesting: 32,
  /** Values in one request, those in arrays and objects counted singly: judging a line must not take long. */
  values: 4096,
  /** Characters in a request's `id`, if it is a string. */
  id: 64,
  /** Requests that may wait for their reply on one connection; then reading pauses. */
  inFlight: 32,
  /** Connections at once that are logged in, for each way in: the Unix socket, TCP and TLS. */
  clients: 48,
  /** Of those, connections that only admins can have. */
  clientsKept: 16,
  /** Connections at once of one named operator, whatever the way in. */
  clientsOfOperator: 16,
  /** Connections at once that are not logged in, for each way in; one more takes the place of one that has got less far. */
  clientsBeforeLogin: 32,
  /** Milliseconds from accept to login. */
  loginTime: 5_000,
  /** Milliseconds without a request after which a client without a subscription is let go. */
  idle: 600_000,
  /** Failed logins a minute: with TLS of one address, on this machine as one operator. The cookie cannot be guessed, so its are not counted. */
  loginFailures: 10,
  /** Milliseconds before a failed login is answered. */
  loginFailureDelay: 500,
  /** Unsent bytes at which pushes to a slow client stop. */
  unsentPush: 256 * 1024,
  /** Unsent bytes at which a slow client is let go, and waiting changes at which it is told to start afresh. */
  unsent: 8 * 1024 * 1024,
  /** Log entries that may wait for a slow client; then the oldest go. */
  unsentLog: 1000,
  /** Milliseconds without progress after which a slow client is let go. */
  stall: 10_000,
  /** Rows in one page of a list or a snapshot, if that many fit into a line. */
  page: 500,
} as const

export type Limits = { readonly [Name in keyof typeof limits]: number }

/** The user name that stands for the cookie file in a SCRAM login. */
export const cookieUser = '__cookie__'

/** File names inside the runtime directory. */
export const cookieFileName = 'cookie'
export const unixSocketName = 'proxyd.sock'
