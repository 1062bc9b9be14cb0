import type { Health } from '../../shared/protocol/methods.ts'
import type { Account, Accounts } from './accounts.ts'
import { type EffectiveLimits, numberOf } from './effective-limits.ts'
import type { Usage } from './usage.ts'

export interface NearLimitsOptions {
  readonly accounts: Pick<Accounts, 'list'>
  readonly effective: Pick<EffectiveLimits, 'of'>
  readonly usage: Pick<Usage, 'used'>
  /** What loops count, by the user's index; undefined without a limit. */
  readonly lines: {
    live(index: number): number
    sources(index: number): number
    maxConnections(index: number): number | undefined
    maxSources(index: number): number | undefined
    hasQuota(index: number): boolean
  }
}

type Near = Health['near'][number]

/** Users that are told of at most. */
const mostTold = 20
/** Percent of the quota from which on somebody is near it, where no `warn` says. */
const usualWarning = 90
/** Milliseconds for which an answer holds good: many may ask, and there may be many users. */
const freshness = 1_000

/** Tells who is near a limit, the first by name, whenever it is asked. */
export function nearLimits(options: NearLimitsOptions, now = () => performance.now()): () => Near[] {
  let looked = Number.NEGATIVE_INFINITY
  let known: Near[] = []
  return () => {
    if (now() - looked < freshness) return known
    looked = now()
    known = look(options)
    return known
  }
}

function look({ accounts, effective, usage, lines }: NearLimitsOptions): Near[] {
  const near: Near[] = []
  for (const account of accounts.list()) {
    const { name: user, index } = account
    const note = (limit: Near['limit'], used: number, most: number | undefined, from = most) => {
      if (most !== undefined && from !== undefined && used >= from) near.push({ user, limit, used, most })
    }
    note('max-connections', lines.live(index), lines.maxConnections(index))
    note('max-sources', lines.sources(index), lines.maxSources(index))
    if (lines.hasQuota(index)) {
      const { quota, from } = quotaOf(account, effective)
      note('quota', Math.max(0, usage.used(index)), quota, from)
    }
    if (near.length >= mostTold) return near.slice(0, mostTold)
  }
  return near
}

function quotaOf(account: Account, effective: NearLimitsOptions['effective']) {
  const limits = effective.of(account)
  const quota = numberOf(limits, 'quota')
  return { quota, from: ((quota ?? 0) * (numberOf(limits, 'warn') ?? usualWarning)) / 100 }
}
