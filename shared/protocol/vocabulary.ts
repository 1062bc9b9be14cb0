/**
 * The words of the protocol that others than its table go by. They stand apart from it, and from the schemas, so that whoever needs
 * no more than the words loads no more.
 */

/** What a caller must be, weakest first. `anyone` needs no login. */
export const roles = ['anyone', 'viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

export const connectionStates = ['negotiating', 'resolving', 'connecting', 'listening', 'open', 'closing'] as const

/**
 * What a client asks for (RFC 1928, section 4), `connect` by HTTP too; `forward`: it came to a port that leads to one place only;
 * `request`: that one request of HTTP, whatever its method, goes on.
 */
export const commands = ['connect', 'bind', 'udp-associate', 'forward', 'request'] as const

/** What clients may speak. */
export const protocols = ['socks5', 'socks4', 'http'] as const

/** Whose rate connections wait for. The order is that of the numbers in the daemon's tables. */
export const pacedBy = ['user', 'source', 'everybody'] as const

/** Watches at once, and bans. */
export const mostWatches = 100
export const mostBans = 8192

/** Seconds of a ban that ends by itself, at most: ten years. */
export const longestBan = 315_360_000

/** In place of a source: every stored ban of which it cannot be read whom it is about. */
export const damagedBans = 'damaged'

/** Why a source is kept out. */
export const banReasons = ['login', 'malformed', 'silent', 'operator'] as const

/** What the access log tells of a connection: its end; that it has reached its destination; that it still lives. */
export const accessEvents = ['end', 'start', 'alive'] as const

export const recentRanges = ['1m', '15m', '1h', '24h'] as const
export type RecentRange = (typeof recentRanges)[number]
/** How far back graphs go: beyond a day by what is kept of each hour and day. */
export const ranges = [...recentRanges, '31d', '400d'] as const
export type Range = (typeof ranges)[number]

export const usageKinds = ['hour', 'day', 'user', 'group'] as const

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
