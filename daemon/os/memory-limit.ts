import { controlGroups, readIfThere } from './control-groups.ts'

/** Bytes of the control group that has the least left; NaN if they cannot be told now. */
export interface GroupMemory {
  readonly most: number
  readonly left: number
}

/** Version 2 and version 1 of control groups; from so many bytes on, a limit of the latter is none. */
const files = [
  { limit: 'memory.max', usage: 'memory.current', cached: ['inactive_file', 'active_file'] },
  {
    limit: 'memory.limit_in_bytes',
    usage: 'memory.usage_in_bytes',
    cached: ['total_inactive_file', 'total_active_file'],
  },
] as const
const unlimited = 2 ** 60

/**
 * What tells how much memory there is left for this process before the kernel ends it; undefined where no control group limits it. What
 * the kernel has only cached of files counts as left. `proc` and `groups` are where those file systems are mounted.
 */
export function groupMemory(proc = '/proc', groups = '/sys/fs/cgroup'): (() => GroupMemory) | undefined {
  const found = controlGroups('memory', proc, groups).flatMap((folder) =>
    files.map((names) => () => memoryOf(folder, names)).filter((memory) => Number.isFinite(memory().most)),
  )
  if (found.length === 0) return undefined
  return () => found.map((memory) => memory()).reduce((tightest, each) => (each.left < tightest.left ? each : tightest))
}

function memoryOf(folder: string, { limit, usage, cached }: (typeof files)[number]): GroupMemory {
  const said = readIfThere(`${folder}/${limit}`)
  const most = /^\d+\n?$/.test(said) && Number(said) < unlimited ? Number(said) : Number.POSITIVE_INFINITY
  // Without a descriptor to read it by, it is unknown.
  const used = said === '' ? Number.NaN : Number.parseInt(readIfThere(`${folder}/${usage}`), 10)
  // Counting what is cached takes the kernel longer.
  if (used < most / 2) return { most, left: most - used }
  const counts = new Map(
    readIfThere(`${folder}/memory.stat`)
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  )
  return { most, left: most - used + cached.reduce((sum, name) => sum + Number(counts.get(name) ?? 0), 0) }
}
