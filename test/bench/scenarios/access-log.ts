import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import { AccessLog } from '../../../daemon/access-log/access-log.ts'
import { SessionTable } from '../../../daemon/engine/session-table.ts'
import { ownFolder, removeFolder } from '../belongings.ts'
import type { EndedSessions } from '../load/ended-sessions.ts'
import type { Scenario } from './scenario.ts'

/** What the log thread holds, and takes: sessions end in one table as no loop of ours could have them end. */

const rate = 50_000
const users = 1024

export const accessLogScenario: Scenario = {
  name: 'access log',
  measures: (server) => server?.engine === 'linux',
  async run({ seconds }) {
    const folder = ownFolder()
    const file = join(folder, 'log')
    try {
      const table = new SessionTable(1)
      const log = new AccessLog(
        {
          ...{ file, format: 'json', events: ['end'], alive: 0, mask: 'none', names: true },
          rotation: { size: 0, count: 0 },
        },
        () => {},
      )
      const named = () => Array.from({ length: users }, (_, i) => [i + 1, `user${i}`] as const)
      log.watch({ tables: [table], tag: 'k3fq', users: named })
      // It is there once it answers.
      await log.list({ limit: 1 })
      const before = process.cpuUsage()
      const workerData: EndedSessions = { capacity: 1, buffer: table.buffer, rate, seconds }
      const loop = new Worker(new URL('../load/ended-sessions.ts', import.meta.url), { workerData })
      const [loopsOwn] = (await once(loop, 'message')) as [number]
      await log.close()
      const { user, system } = process.cpuUsage(before)
      const total = rate * seconds
      const written = await countEnds(file)
      return {
        'access log, 50000 sessions a second: written, %': (100 * written) / total,
        'access log: CPU-µs a session': (user + system - loopsOwn * 1e6) / total,
      }
    } finally {
      removeFolder(folder)
    }
  },
}

async function countEnds(file: string): Promise<number> {
  let ends = 0
  for await (const line of createInterface({ input: createReadStream(file) }))
    if (line.includes('"event":"end"')) ends++
  return ends
}
