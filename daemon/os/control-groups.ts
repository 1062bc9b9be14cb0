import { readFileSync } from 'node:fs'

/**
 * The folders of the control groups that this process is in, and of those around them, where a controller has its files, if it has any there
 * (cgroups(7)). `proc` and `groups` are where those file systems are mounted.
 */
export function controlGroups(controller: string, proc: string, groups: string): string[] {
  return readIfThere(`${proc}/self/cgroup`)
    .split('\n')
    .flatMap((line) => {
      const [hierarchy, controllers = '', path = ''] = line.split(':')
      if (hierarchy !== '0' && !controllers.split(',').includes(controller)) return []
      // Version 2 is one hierarchy; beside version 1 it has a folder of its own.
      const roots = hierarchy === '0' ? [groups, `${groups}/unified`] : [`${groups}/${controller}`]
      return roots.flatMap((root) => foldersOf(path).map((folder) => root + folder))
    })
}

/** `/a/b` is in itself, in `/a`, and in all. */
function foldersOf(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '')
  return [...names.keys(), names.length].map((count) =>
    names
      .slice(0, count)
      .map((name) => `/${name}`)
      .join(''),
  )
}

/** What a file says; nothing if it is not there, or not for us. */
export function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
