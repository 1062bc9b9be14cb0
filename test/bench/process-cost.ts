import { readFileSync } from 'node:fs'

/** What a process and its children have cost, read from /proc (proc(5)). */

/** The kernel's USER_HZ, the same on every Linux that Node runs on. */
const ticksPerSecond = 100

/** CPU seconds, user and system. */
export function cpuSeconds(pid: number): number {
  return sum(pid, (one) => {
    const fields = read(`/proc/${one}/stat`).split(') ').at(-1)?.split(' ') ?? []
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond
  })
}

/** KiB of memory, shared pages counted by share (PSS). */
export function memoryKiB(pid: number): number {
  return sum(pid, (one) => Number(/^Pss: +(\d+)/m.exec(read(`/proc/${one}/smaps_rollup`))?.[1] ?? 0))
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
