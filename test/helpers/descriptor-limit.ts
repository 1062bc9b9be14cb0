import koffi from 'koffi'

const RLIMIT_NOFILE = 7

type Limits = Uint8Array | null
const prlimit: (pid: number, resource: number, next: Limits, previous: Limits) => number = koffi
  .load(null)
  .func('int prlimit(int, int, void *, void *)')

/**
 * Let a process of ours have only descriptors below `limit` from now on; those it has stay open (setrlimit(2)). The
 * function it returns gives it as many as before. With `forGood` there is no way back, for the process itself neither.
 */
export function limitDescriptors(pid: number, limit: number, forGood = false): () => void {
  const before = new BigUint64Array(2)
  change(pid, null, before)
  change(pid, BigUint64Array.of(BigInt(limit), forGood ? BigInt(limit) : (before[1] ?? 0n)), null)
  return () => change(pid, before, null)
}

function change(pid: number, next: BigUint64Array | null, before: BigUint64Array | null): void {
  const bytes = (words: BigUint64Array | null) => words && new Uint8Array(words.buffer)
  const result = prlimit(pid, RLIMIT_NOFILE, bytes(next), bytes(before))
  if (result < 0) throw new Error(`prlimit: errno ${koffi.errno()}`)
}
