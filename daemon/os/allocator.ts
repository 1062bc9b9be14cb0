import { createRequire } from 'node:module'
import type Koffi from 'koffi'

/** Of mallopt(3). */
const M_MMAP_THRESHOLD = -3
const threshold = 1024 * 1024

/**
 * Has glibc take blocks of 1 MiB and more from the system singly, and give each back when it is freed. Left to itself,
 * it moves that bound up to 32 MiB as such blocks come and go, keeps scrypt's 16 MiB in the heap of every thread that
 * ever checked a password, and hardly ever gives one back. To be called before the first thread of the pool allocates.
 */
export function returnLargeBlocks(): void {
  if (process.platform !== 'linux') return
  try {
    const koffi: typeof Koffi = createRequire(import.meta.url)('koffi')
    koffi.load(null).func('int mallopt(int, int)')(M_MMAP_THRESHOLD, threshold)
  } catch {
    // Without koffi the daemon takes more memory. A libc without mallopt, such as musl, has no such bound.
  }
}
