import * as libc from './libc.ts'

const RLIMIT_NOFILE = 7

/** How many descriptors this process may have open (getrlimit(2)); Node has raised it as far as it goes. */
export function descriptorLimit(): number {
  // struct rlimit: two 64-bit words, soft then hard.
  const limit = new BigUint64Array(2)
  libc.prlimit(0, RLIMIT_NOFILE, null, new Uint8Array(limit.buffer))
  return Number(limit[0])
}
