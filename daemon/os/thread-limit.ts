import { readdirSync, statSync } from 'node:fs'
import { controlGroups, readIfThere } from './control-groups.ts'

/**
 * Threads that this process may start beside all that run: by RLIMIT_NPROC (getrlimit(2)), which counts those of its user,
 * and by its control groups (pids.max), which count those in them. Infinite if nothing limits them, or nothing tells.
 * `proc` and `groups` are where those file systems are mounted.
 */
export function spareThreads(proc = '/proc', groups = '/sys/fs/cgroup'): number {
  return Math.min(spareOfUser(proc), ...spareOfGroups(proc, groups))
}

function spareOfUser(proc: string): number {
  const uid = process.getuid?.() ?? 0
  const [, limit] = /^Max processes +(\d+)/m.exec(readIfThere(`${proc}/self/limits`)) ?? []
  if (limit === undefined || (uid === 0 && isOutermost(proc))) return Number.POSITIVE_INFINITY
  const own = readdirSync(proc).filter((name) => /^\d+$/.test(name) && ownerOf(`${proc}/${name}`) === uid)
  return Number(limit) - own.reduce((sum, pid) => sum + threadsOf(`${proc}/${pid}`), 0)
}

/** Whether user 0 is the kernel's own, whom RLIMIT_NPROC does not bind (user_namespaces(7)). */
function isOutermost(proc: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(readIfThere(`${proc}/self/uid_map`))
}

function ownerOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.uid
}

function threadsOf(process: string): number {
  return Number(/^Threads:\s+(\d+)/m.exec(readIfThere(`${process}/status`))?.[1] ?? 0)
}

/** Of each group that this process is in, and of those around it. */
function spareOfGroups(proc: string, groups: string): number[] {
  return controlGroups('pids', proc, groups).map(spareOfGroup)
}

function spareOfGroup(folder: string): number {
  const [most, current] = [readIfThere(`${folder}/pids.max`), readIfThere(`${folder}/pids.current`)]
  return /^\d+\n?$/.test(most) ? Number(most) - Number(current) : Number.POSITIVE_INFINITY
}
