import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { groupMemory } from '../../daemon/os/memory-limit.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** What is told where /proc and /sys/fs/cgroup have these files. */
async function memory(files: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder()
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return groupMemory(join(folder, 'proc'), join(folder, 'cgroup'))?.()
}

test('nothing limits it where nothing tells, or the limit is none', async () => {
  expect(groupMemory('/nowhere', '/nowhere')).toBeUndefined()
  const version1 = {
    'proc/self/cgroup': '4:memory:/\n',
    'cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
  }
  expect(await memory(version1)).toBeUndefined()
  expect(await memory({ 'proc/self/cgroup': '0::/\n', 'cgroup/memory.max': 'max\n' })).toBeUndefined()
})

test('the group counts that has the least left, and what is cached of files is left', async () => {
  const version2 = {
    'proc/self/cgroup': '0::/a/b\n',
    'cgroup/a/memory.max': '1000\n',
    'cgroup/a/memory.current': '900\n',
    'cgroup/a/memory.stat': 'anon 500\ninactive_file 100\nactive_file 50\n',
    'cgroup/a/b/memory.max': '2000\n',
    'cgroup/a/b/memory.current': '800\n',
  }
  expect(await memory(version2)).toEqual({ most: 1000, left: 250 })
  const version1 = {
    'proc/self/cgroup': '4:memory:/a\n',
    'cgroup/memory/a/memory.limit_in_bytes': '1000\n',
    'cgroup/memory/a/memory.usage_in_bytes': '990\n',
    'cgroup/memory/a/memory.stat': 'total_inactive_file 30\n',
  }
  expect(await memory(version1)).toEqual({ most: 1000, left: 40 })
})
