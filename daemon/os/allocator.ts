import { loadKoffi } from './koffi.ts'

/** Of mallopt(3). */
const M_MMAP_THRESHOLD = -3
const M_ARENA_MAX = -8
const threshold = 128 * 1024
const arenas = 2

/**
 * Has glibc take blocks of 128 KiB and more from the system singly, and give each back when it is freed. Left to itself,
 * it moves that bound up to 32 MiB as such blocks come and go, keeps scrypt's 16 MiB in the heap of every thread that
 * ever checked a password, and hardly ever gives one back; and what is zero in a table costs memory, for it lies where another block was.
 * Threads that start from now on share the arenas that there are: what each has left over in one of its own would be lost to the others.
 * To be called before the first thread of the pool allocates.
 */
export function spareMemory(): void {
  if (process.platform !== 'linux') return
  try {
    const mallopt = loadKoffi().load(null).func('int mallopt(int, int)')
    mallopt(M_MMAP_THRESHOLD, threshold)
    mallopt(M_ARENA_MAX, arenas)
  } catch {
    // Without koffi the daemon takes more memory. A libc without mallopt, such as musl, has no such bound.
  }
}
