/** Milliseconds that a test waits for one thing before it has failed: a busy machine is ten times slower, and what hangs, hangs longer. */
export const longestWait = 60_000

/** Milliseconds that a test has: longer than any wait in it, which says what it has waited for, and than all that do end. */
export const longestTest = 3 * longestWait
