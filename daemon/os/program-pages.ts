import { readFileSync, readlinkSync } from 'node:fs'
import { loadKoffi } from './koffi.ts'

/** Of madvise(2): the memory is this process's no more, and what is in a file comes from there when it is touched again. */
const MADV_DONTNEED = 4

/**
 * Gives back the code and the constants of the program that runs, Node's, most of which a start alone has touched. What is needed
 * again comes, 64 KiB at a time, from what the system keeps of the file in memory, as long as it has nothing better to
 * do with that. It takes the calling thread some milliseconds. Without koffi, or elsewhere than on Linux, nothing happens.
 */
export function releaseProgram(): void {
  if (process.platform !== 'linux') return
  try {
    const madvise = loadKoffi().load(null).func('int madvise(uint64_t, uint64_t, int)')
    const memory = readFileSync('/proc/self/smaps', 'utf8')
    const program = readlinkSync('/proc/self/exe')
    for (const { from, to } of unchangedParts(memory, program)) madvise(from, to - from, MADV_DONTNEED)
  } catch {
    // Without koffi or /proc the daemon takes more memory.
  }
}

/**
 * Addresses where a process has that file in memory, as it is there: what was written since, and may wait in swap, would be lost.
 * `memory`: all that it has in memory, as proc_pid_smaps(5) tells it, a line for where something is and below it what there is of it.
 */
export function unchangedParts(memory: string, file: string): { readonly from: number; readonly to: number }[] {
  return memory.split(/\n(?=[\da-f]+-)/).flatMap((mapping) => {
    const head = mapping.slice(0, mapping.indexOf('\n'))
    const [, from, to] = /^([\da-f]+)-([\da-f]+) r-/.exec(head) ?? []
    const isUnchanged = ['Anonymous', 'Swap'].every((what) => new RegExp(`^${what}: +0 kB$`, 'm').test(mapping))
    if (from === undefined || !isUnchanged || !head.endsWith(` ${file}`)) return []
    return { from: Number(`0x${from}`), to: Number(`0x${to}`) }
  })
}
