/** Milliseconds that a test waits for one thing before it has failed: a busy machine is ten times slower, and what hangs, hangs longer. */
export const longestWait = 60_000
