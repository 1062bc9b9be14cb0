import { join } from 'node:path'
import { noLimits } from '../../../daemon/access/accounts.ts'
import { formatPasswordHash, keyBytes, saltBytes, scryptParameters } from '../../../daemon/access/password-hash.ts'
import { Usage } from '../../../daemon/limits/usage.ts'
import { openStore } from '../../../daemon/store/open-store.ts'
import { everyPage } from '../../../shared/commands/context.ts'
import { ownFolder, removeFolder } from '../belongings.ts'
import { managed } from '../management.ts'
import { cpuSeconds } from '../process-cost.ts'
import { proxyd, start } from '../servers.ts'
import { median } from '../statistics.ts'
import type { Figures, Scenario } from './scenario.ts'

/** What many users cost the main thread: to keep what they moved, to start with them, and to list them. */

const active = 11_000
const many = 65_000
const rounds = 20

/** A store with as many users; resolves to their ids. */
async function fill(folder: string, count: number): Promise<readonly number[]> {
  const store = await openStore(folder)
  const zeros = new Uint8Array(keyBytes)
  const password = formatPasswordHash({ ...scryptParameters, salt: zeros.subarray(0, saltBytes), key: zeros })
  const user = { password, enabled: true, created: 0, ...noLimits }
  const added = Array.from({ length: count }, (_, i) => ({ ...user, name: `user${i}` }))
  const ids = await store.imports.save({ groups: [], added, logins: [], limits: [] })
  await store.close()
  return ids
}

/** Milliseconds that a round of accounting holds the main thread when every user has moved something. */
async function accounting(folder: string): Promise<number> {
  const ids = await fill(folder, active)
  const store = await openStore(folder)
  const usage = new Usage(store.usage)
  usage.load(
    ids.map((id, i) => ({ id, index: i + 1 })),
    [],
  )
  let moved = 0
  const grown = (index: number) => moved + index
  const both = (index: number) => ({ up: grown(index), down: grown(index) })
  usage.follow({ of: both, up: grown, down: grown, ended: () => moved })
  const took: number[] = []
  for (let i = 0; i < rounds; i++) {
    moved += 1000
    const began = performance.now()
    const saved = usage.save(Date.now())
    took.push(performance.now() - began)
    await saved
  }
  await store.close()
  return median(took)
}

/** Until a daemon with as many users serves, and a page of 500 of them. */
async function starting(folder: string): Promise<Figures> {
  await fill(folder, many)
  const began = performance.now()
  const running = await start(proxyd(1, '--state-dir', folder), false)
  try {
    const served = performance.now() - began
    const spent = cpuSeconds(running.pid)
    const pages = await managed(
      running,
      async (client) => (await everyPage((from) => client.call('users.list', from))).length,
    )
    return {
      'users, 65000: ms until it serves': served,
      'users, 65000: CPU-s until it serves': spent,
      'users, 65000: CPU-ms a page of 500': ((cpuSeconds(running.pid) - spent) * 1000) / pages,
    }
  } finally {
    await running.stop()
  }
}

export const accountScenario: Scenario = {
  name: 'accounts',
  measures: (server) => server?.engine === 'linux',
  async run() {
    const folder = ownFolder()
    try {
      const round = await accounting(join(folder, 'active'))
      return {
        'users, 11000 that move: ms of the main thread a round': round,
        ...(await starting(join(folder, 'many'))),
      }
    } finally {
      removeFolder(folder)
    }
  },
}
