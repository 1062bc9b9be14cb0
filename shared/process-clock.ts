/** Milliseconds since the process began. Of `performance`, to look at it would cost a command 1 ms. */
export function now(): number {
  return process.uptime() * 1000
}
