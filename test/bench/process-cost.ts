import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type Koffi from 'koffi'

/** What a process and its children have cost. */

const koffi: typeof Koffi = createRequire(import.meta.url)('koffi')
const clockGettime: (clock: number, time: Uint8Array) => number = koffi
  .load(null)
  .func('int clock_gettime(int, void *)')
const time = new BigInt64Array(2)

/** CPU seconds, user and system, to the nanosecond, of threads that have ended too; 0 for a process that is gone. */
export function cpuSeconds(pid: number): number {
  return sum(pid, (one) => {
    // clock_getcpuclockid(3): the complement of the process, and the clock CPUCLOCK_SCHED (2).
    if (clockGettime((~one << 3) | 2, new Uint8Array(time.buffer)) !== 0) return 0
    return Number(time[0]) + Number(time[1]) / 1e9
  })
}

/**
 * Of the CPU seconds the part, 0 to 1, that the kernel took for it (stime, proc(5)), of threads that have ended too, between two looks;
 * counted in ticks, so good to a hundredth from a second on. NaN for a process that has taken none.
 */
export class SystemShare {
  readonly #pid: number
  readonly #before: Ticks

  constructor(pid: number) {
    this.#pid = pid
    this.#before = ticks(pid)
  }

  get now(): number {
    const { user, system } = ticks(this.#pid)
    const [inUser, inSystem] = [user - this.#before.user, system - this.#before.system]
    return inSystem / (inUser + inSystem)
  }
}

interface Ticks {
  readonly user: number
  readonly system: number
}

function ticks(pid: number): Ticks {
  const field = (one: number, index: number) => {
    const stat = read(`/proc/${one}/stat`)
    // The name, in parentheses, may hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[index - 3] ?? 0)
  }
  return { user: sum(pid, (one) => field(one, 14)), system: sum(pid, (one) => field(one, 15)) }
}

/** KiB of memory, shared pages counted by share (PSS, proc(5)). */
export function memoryKiB(pid: number): number {
  return sum(pid, (one) => Number(/^Pss: +(\d+)/m.exec(read(`/proc/${one}/smaps_rollup`))?.[1] ?? 0))
}

/** Open descriptors. */
export function descriptors(pid: number): number {
  return sum(pid, (one) => {
    try {
      return readdirSync(`/proc/${one}/fd`).length
    } catch {
      return 0
    }
  })
}

/** The process, its children, theirs, and so on. */
export function family(pid: number): number[] {
  const pids = [pid]
  for (const one of pids) {
    const children = read(`/proc/${one}/task/${one}/children`).split(' ')
    pids.push(...children.filter((child) => child !== '').map(Number))
  }
  return pids
}

function sum(pid: number, value: (pid: number) => number): number {
  return family(pid).reduce((total, one) => total + value(one), 0)
}

/** Empty for a process that has just ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
