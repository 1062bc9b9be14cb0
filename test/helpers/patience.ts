/** Milliseconds that a test waits for one thing before it has failed: a busy machine is ten times slower, and what hangs, hangs longer. */
export const longestWait = 60_000

/** Milliseconds that a test has: longer than any wait in it, which says what it has waited for, and than all that do end. */
export const longestTest = 3 * longestWait

/**
 * Milliseconds for a deadline that is to pass behind something that the other side is to have: on a machine whose processors are
 * busy even loopback loses packets (`/proc/net/softnet_stat`, the second column), and what is lost is sent again after 200 ms and 400 more.
 * An RST that comes first is taken for an end in its place.
 */
export const shortDeadline = 1_000
