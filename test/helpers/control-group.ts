import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'

/** Where groups that limit processes are made: version 1, then version 2 (cgroups(7)). */
const roots = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup']

/** A command that starts another one, given behind it, in a control group with so many threads; undefined if none is to be had. */
export function inControlGroup(threads: number): string[] | undefined {
  for (const root of roots) {
    const group = join(root, `proxyd-test-${process.pid}-${threads}`)
    try {
      mkdirSync(group)
    } catch {
      continue
    }
    // The kernel keeps it until the last process in it has been waited for.
    onTestFinished(() => eventually(() => rmdirSync(group)))
    if (!existsSync(join(group, 'pids.max'))) continue
    writeFileSync(join(group, 'pids.max'), String(threads))
    return ['sh', '-c', `echo $$ >${join(group, 'cgroup.procs')} && exec "$@"`, 'sh']
  }
  return undefined
}
