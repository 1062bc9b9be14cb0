import { formatLimit, isLimit, type LimitName, type LimitValue, limitNames } from '../../../shared/limits.ts'
import type { Group, User } from '../../../shared/protocol/methods.ts'
import type { UserRow } from './users.ts'

/** How much of a limit is used. */
export interface Used {
  readonly used: number
  readonly limit: number
}

/** The limit of a user that is in force; null: there is none. */
function limitOf({ effective }: Pick<User, 'effective'>, name: LimitName): LimitValue {
  return effective[name]?.value ?? null
}

/** As `limitOf`, of a field that is a number. */
function numberOf(user: Pick<User, 'effective'>, name: LimitName): number | null {
  const value = limitOf(user, name)
  return typeof value === 'number' ? value : null
}

/** Their live connections, of as many as they may have. */
export function connectionsUsed({ user }: UserRow): Used | null {
  return usedOf(user.connections, numberOf(user, 'max-connections'))
}

/** What they move a second, of what they may: in the direction in which more of it is used. */
export function rateUsed({ user, rate }: UserRow): Used | null {
  const down = usedOf(rate.down, numberOf(user, 'rate-down'))
  const up = usedOf(rate.up, numberOf(user, 'rate-up'))
  return down && up ? (shareOf(up) > shareOf(down) ? up : down) : (down ?? up)
}

/** What they have moved in this cycle, of their quota. */
export function quotaUsed({ user }: UserRow): Used | null {
  return usedOf(user.use.used, numberOf(user, 'quota'))
}

/** From which share on it is nearly used up; of a limit of nothing all is used. */
export function shareOf({ used, limit }: Used): number {
  return limit > 0 ? used / limit : 1
}

/** The share of the quota from which on somebody is near it. */
export function warnShare({ user }: UserRow): number {
  return (numberOf(user, 'warn') ?? usualWarning) / 100
}

/** Percent of a limit from which on it is near. */
const usualWarning = 90

function usedOf(used: number, limit: number | null): Used | null {
  return limit === null ? null : { used, limit }
}

/** A field of a user as it is shown: what it is, and the group that it is from; null: it is their own. */
interface LimitRow {
  readonly name: LimitName
  readonly value: string
  readonly whose: string | null
}

/** What is set of a user, by themselves or by a group, in the order of the table of limits. */
export function limitRows({ group, effective, limits }: User): LimitRow[] {
  return limitNames.flatMap((name): LimitRow[] => {
    const told = effective[name] ?? (name in limits ? { value: limits[name] ?? null, from: 'user' } : undefined)
    if (!told) return []
    const whose = told.from === 'user' ? null : told.from === 'group' ? group : 'default'
    return [{ name, value: formatLimit(name, told.value), whose }]
  })
}

/** What a field would be without one of their own, and whose that is, for people: `10MB/s of group staff`. */
export function inherited(name: LimitName, group: string | null, groups: readonly Group[] | null): string {
  for (const wanted of new Set([group, 'default'])) {
    const value = groups?.find((each) => each.name === wanted)?.limits[name]
    if (value !== undefined) return `${formatLimit(name, value)} of group ${wanted}`
  }
  return ''
}

/** A field as it is typed: empty where it is not set. */
export function ownText(limits: User['limits'], name: string): string {
  const value = limits[name]
  return value === undefined || !isLimit(name) ? '' : formatLimit(name, value)
}
