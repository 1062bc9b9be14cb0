import type { Health } from '../../shared/protocol/methods.ts'
import type { Account, Accounts } from '../access/accounts.ts'
import { type EffectiveLimits, numberOf } from './effective-limits.ts'
import type { Usage } from './usage.ts'

export interface NearLimitsOptions {
  readonly accounts: Pick<Accounts, 'list' | 'named'>
  readonly effective: Pick<EffectiveLimits, 'of'>
  readonly usage: Pick<Usage, 'used'>
  /** What loops count, by the user's index; undefined without a limit. */
  readonly lines: {
    connections(index: number): number
    sources(index: number): number
    maxConnections(index: number): number | undefined
    maxSources(index: number): number | undefined
    hasQuota(index: number): boolean
  }
}

type Near = Health['near'][number]

/** Percent of the quota from which on somebody is near it, where no `warn` says. */
const usualWarning = 90
/** Milliseconds for which an answer holds good: many may ask, and there may be many users. */
const freshness = 1_000

/** Tells who is near a limit, `most` of them, the first by name, or where a user stands, whenever it is asked. */
export function nearLimits(
  options: NearLimitsOptions,
  most: number,
  now = () => performance.now(),
): (user?: string) => Near[] {
  const { accounts } = options
  let looked = Number.NEGATIVE_INFINITY
  let known: Near[] = []
  return (user) => {
    if (user !== undefined) return look(options, [accounts.named(user) ?? []].flat(), most)
    if (now() - looked < freshness) return known
    looked = now()
    known = look(options, accounts.list(), most)
    return known
  }
}

function look({ effective, usage, lines }: NearLimitsOptions, accounts: Iterable<Account>, mostTold: number): Near[] {
  const near: Near[] = []
  for (const account of accounts) {
    const { name: user, index } = account
    const note = (limit: Near['limit'], used: number, most: number | undefined, from = most) => {
      if (most !== undefined && from !== undefined && used >= from) near.push({ user, limit, used, most })
    }
    note('max-connections', lines.connections(index), lines.maxConnections(index))
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
