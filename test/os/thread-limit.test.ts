import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { spareThreads } from '../../daemon/os/thread-limit.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const uid = process.getuid?.() ?? 0
const elsewhere = uid === 0 ? '0 100000 65536' : '0 0 4294967295'

/** What `spareThreads` tells where /proc and /sys/fs/cgroup have these files. */
async function spare(files: Readonly<Record<string, string>>): Promise<number> {
  const folder = await temporaryFolder()
  for (const [path, text] of Object.entries({ 'proc/self/cgroup': '', 'cgroup/pids.max': 'max\n', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return spareThreads(join(folder, 'proc'), join(folder, 'cgroup'))
}

/** /proc/self/limits with this limit of processes. */
function limits(most: string) {
  return `Limit   Soft Limit   Hard Limit   Units\nMax processes             ${most}       ${most}       processes\n`
}

test('nothing limits them where nothing tells', async () => {
  expect(await spare({})).toBe(Number.POSITIVE_INFINITY)
  expect(await spare({ 'proc/self/limits': limits('unlimited') })).toBe(Number.POSITIVE_INFINITY)
  expect(spareThreads('/nowhere', '/nowhere')).toBe(Number.POSITIVE_INFINITY)
})

test("counts the threads of its user's processes", async () => {
  const processes = {
    'proc/10/status': 'Name: a\nThreads:\t7\n',
    'proc/11/status': 'Threads:\t1\n',
    'proc/x/status': '',
  }
  const files = { 'proc/self/limits': limits('100'), 'proc/self/uid_map': elsewhere, ...processes }
  expect(await spare(files)).toBe(92)
})

test.runIf(uid === 0)('does not count for the user whom the kernel lets have all', async () => {
  const files = { 'proc/self/limits': limits('100'), 'proc/self/uid_map': '         0          0 4294967295\n' }
  expect(await spare(files)).toBe(Number.POSITIVE_INFINITY)
})

test.each([
  ['version 2', '0::/a/b\n', 'cgroup'],
  ['version 2 beside version 1', '4:memory:/m\n0::/a/b\n', 'cgroup/unified'],
  ['version 1', '8:cpu,pids:/a/b\n3:cpuset:/\n', 'cgroup/pids'],
])('takes the tightest of its control groups, %s', async (_, own, root) => {
  const group = (path: string, most: string, current: string) => ({
    [`${root}${path}/pids.max`]: `${most}\n`,
    [`${root}${path}/pids.current`]: `${current}\n`,
  })
  const files = { 'proc/self/cgroup': own, ...group('/a/b', 'max', '5'), ...group('/a', '100', '30') }
  expect(await spare(files)).toBe(70)
  expect(await spare({ ...files, ...group('', '60', '40') })).toBe(20)
  expect(await spare({ ...files, ...group('/c', '10', '10') })).toBe(70)
})
