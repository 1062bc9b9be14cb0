import type { Settings } from '../shared/settings.ts'
import type { Accounts } from './access/accounts.ts'
import { Groups } from './access/groups.ts'
import type { EngineOptions } from './engine/engine.ts'
import { Reason } from './engine/session-table.ts'
import { eachSource, everybody, LimitLines, limitLineMemory } from './engine/shared/limit-lines.ts'
import { SourceLines } from './engine/shared/source-lines.ts'
import { Leases } from './limits/leases.ts'
import { LimitKeeper, type Lines } from './limits/limit-keeper.ts'
import { Usage } from './limits/usage.ts'
import { sharedLimitsOf } from './settings/engine-options.ts'
import type { Store, StoredUsage } from './store/store.ts'
import type { UsageSpool } from './store/usage-spool.ts'

/** What users, sources and all together may use, between who says so and the loops that obey. */
export interface Limiting {
  readonly groups: Groups
  readonly usage: Usage
  readonly keeper: LimitKeeper
  /** What others of a fleet leave to this daemon; undefined where it is alone. */
  readonly leases: Leases | undefined
  readonly lines: LimitLines
  /** What the engine shares of it. */
  readonly memory: Pick<EngineOptions, 'limitLines' | 'sourceLines'>
  tune(values: Readonly<Settings>): void
  /** Stores what users have moved. Rejects with a StoreError. */
  store(): Promise<void>
}

/** Milliseconds between two writes of what users have moved: so much is lost when the process is killed. */
const usagePeriod = 10_000

/** With the limits that are stored, before the first client comes. `spool`: of a fleet, whose store may be away. What is to be closed in the end goes into `parts`, in order. */
export async function startLimiting(
  values: Readonly<Settings>,
  accounts: Accounts,
  stored: Pick<Store, 'groups' | 'usage' | 'fleet'>,
  spool: UsageSpool | undefined,
  parts: AsyncDisposableStack,
  warn: (message: string) => void,
): Promise<Limiting> {
  const memory = { limitLines: limitLineMemory(), sourceLines: SourceLines.memory() }
  const lines = new LimitLines(memory.limitLines)
  const groups = new Groups(await stored.groups.list())
  const usage = new Usage(stored.usage)
  usage.load(accounts.list(), await movedSoFar(accounts, stored))
  let whenAway = values['fleet-degraded']
  const leases =
    stored.fleet && new Leases({ accounts, usage, store: stored.fleet.leases, whenAway: () => whenAway, tell: warn })
  const keeper = new LimitKeeper({ accounts, groups, usage, lines: linesFor(lines), shares: leases, tell: warn })
  const store = () => usage.save(Date.now())
  const kept = async (work: (spool: UsageSpool) => Promise<void>) => {
    // The file is that of the process which is the node.
    if (spool === undefined || leases?.isPaused) return
    await work(spool).catch((error: Error) => warn(`what is not stored cannot be kept in a file: ${error.message}`))
  }
  const keep = () => kept((spool) => spool.keep(usage.unstored(Date.now())))
  const save = async () => {
    // A store that does not answer takes its time to fail.
    const wasAway = usage.isUnconfirmed
    if (wasAway) await keep()
    try {
      await store()
      await kept((spool) => spool.clear())
    } catch (error) {
      warn(`what users have moved is not stored yet: ${(error as Error).message}`)
      if (!wasAway) await keep()
    }
  }
  const timer = setInterval(save, usagePeriod).unref()
  // Behind the last batch: what is not stored yet still counts as granted.
  parts.defer(() => leases?.close())
  parts.defer(async () => {
    clearInterval(timer)
    await save()
  })
  const tune = (next: Readonly<Settings>) => {
    const { together, source } = sharedLimitsOf(next)
    lines.set(everybody, together)
    lines.set(eachSource, source)
    whenAway = next['fleet-degraded']
  }
  tune(values)
  return { groups, usage, keeper, leases, lines, memory, tune, store }
}

/** By users who are here: what others have moved comes with them. */
async function movedSoFar(
  accounts: Accounts,
  { usage, fleet }: Pick<Store, 'usage' | 'fleet'>,
): Promise<readonly StoredUsage[]> {
  if (!accounts.isPartial || !fleet) return usage.list()
  const ids = accounts.list().flatMap(({ id }) => id ?? [])
  return ids.length > 0 ? fleet.leases.totals(ids) : []
}

/** As the keeper of limits writes them. */
function linesFor(lines: LimitLines): Lines {
  return {
    set: (index, limits) => lines.set(index, limits),
    bar: (index, why) => lines.bar(index, why && Reason[why]),
    setQuota: (index, left) => lines.setQuota(index, left),
    clear: (index) => lines.clear(index),
    sources: (index) => lines.sources(index),
    refusals: (index) => lines.allRefusals(index),
  }
}
