import { Failure } from './failure.ts'

/** Threads of libuv's pool, where names and passwords are looked up, and for loops. */
export interface ThreadShares {
  readonly pool: number
  /** At most so many loops. */
  readonly loops: number
}

/** The store's, and a few for what else this user may start. */
const others = 1 + 4
/** With fewer the pool does one thing at a time. */
const fewestInPool = 4
const fewestLoops = 1
/** Libuv takes no more. */
const mostInPool = 1024
const poolsPart = 3 / 4

/**
 * Shares out the threads that there is room for: libuv aborts the process if it cannot start those of its pool, and
 * starts them all when it is first used. Throws a `Failure` if they are too few. `wanted`: of the pool.
 */
export function shareThreads(spare: number, wanted: number): ThreadShares {
  const left = spare - others
  if (left < fewestInPool + fewestLoops) {
    const room = `this process has room for ${Math.max(0, spare)} more threads, and takes ${others + fewestInPool + fewestLoops}`
    throw new Failure(1, `${room}: raise the limit of its user (ulimit -u) or of its control group (pids.max)`)
  }
  const pool = Math.min(wanted, mostInPool, Math.max(fewestInPool, Math.floor(left * poolsPart)))
  return { pool, loops: left - pool }
}
