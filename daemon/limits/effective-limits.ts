import { isLimit, type LimitName, type Limits, type LimitValue, limitFields } from '../../shared/limits.ts'
import type { Account } from '../access/accounts.ts'
import type { Group, Groups } from '../access/groups.ts'
import { damagedIn } from './damaged-limits.ts'

/** The limits in force for a user, and whose they are: their own win, then the group's, then those of `default`. */
export type Effective = {
  readonly [Name in LimitName]?: { readonly value: LimitValue; readonly from: 'user' | 'group' | 'default' }
}

interface Judged {
  readonly group: Group
  readonly everybody: Group
  readonly limits: Effective
}

/** Works out what is in force for users, once for all who share their limits, until what these have from groups changes. */
export class EffectiveLimits {
  readonly #groups: Groups
  readonly #known = new WeakMap<Limits, Judged>()

  constructor(groups: Groups) {
    this.#groups = groups
  }

  /** The same object as long as nothing of it has changed. */
  of({ limits: own }: Pick<Account, 'limits'>): Effective {
    const [group, everybody] = [this.#groups.of(own), this.#groups.everybody]
    const known = this.#known.get(own)
    if (known?.group === group && known.everybody === everybody) return known.limits
    const limits = effective(own, group === everybody ? {} : group.limits, everybody.limits)
    this.#known.set(own, { group, everybody, limits })
    return limits
  }
}

/**
 * Pure, for `EffectiveLimits`. What a later proxyd has stored, and this one does not know, stays and does nothing. Who has one that is
 * damaged, be it the group's, has expired, whatever their own limits say.
 */
export function effective(own: Limits, group: Limits, everybody: Limits): Effective {
  const limits: { -readonly [Name in LimitName]?: Effective[Name] } = {}
  let damaged: Effective['expires']
  for (const [from, given] of [
    ['default', everybody],
    ['group', group],
    ['user', own],
  ] as const) {
    const lost = damagedIn(given)
    if (lost.length > 0) damaged = { value: 0, from }
    for (const name of Object.keys(given) as LimitName[]) {
      const value = given[name]
      const isInForce = value !== undefined && isLimit(name) && !('ownOnly' in limitFields[name])
      if (isInForce && !lost.includes(name)) limits[name] = { value, from }
    }
  }
  return damaged ? { ...limits, expires: damaged } : limits
}

/** A limit that is a number: undefined if there is none. */
export function numberOf(limits: Effective, name: LimitName): number | undefined {
  const value = limits[name]?.value
  return typeof value === 'number' ? value : undefined
}

/** A limit that is a text: undefined if there is none. */
export function textOf(limits: Effective, name: LimitName): string | undefined {
  const value = limits[name]?.value
  return typeof value === 'string' ? value : undefined
}
