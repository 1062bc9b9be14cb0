import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'

/** How the groups are called that this process is in, where they are, and where their limit is: version 1, then version 2 (cgroups(7)). */
const versions = [
  { own: /^\d+:(?:.*,)?memory(?:,.*)?:(.*)$/m, root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
  { own: /^0::(.*)$/m, root: '/sys/fs/cgroup', limit: 'memory.max' },
] as const

/**
 * A command that starts another one, given behind it, in a control group within this process's own, with so many bytes of memory; undefined
 * if none is to be had.
 */
export function inMemoryGroup(name: string, bytes: number): string[] | undefined {
  for (const { own, root, limit } of versions) {
    const [, path = '/'] = own.exec(readFileSync('/proc/self/cgroup', 'latin1')) ?? []
    const group = join(root, path, `proxyd-test-${process.pid}-${name}`)
    try {
      mkdirSync(group)
    } catch {
      continue
    }
    // The kernel keeps it until the last process in it has been waited for.
    onTestFinished(() => eventually(() => rmdirSync(group)))
    if (!existsSync(join(group, limit))) continue
    writeFileSync(join(group, limit), String(bytes))
    return ['sh', '-c', `echo $$ >${join(group, 'cgroup.procs')} && exec "$@"`, 'sh']
  }
  return undefined
}
