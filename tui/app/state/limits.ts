import { formatLimit, isLimit, type LimitName, type LimitValue, limitNames } from '../../../shared/limits.ts'
import type { Group, User } from '../../../shared/protocol/methods.ts'
import { rememberLast } from './remember-last.ts'
import type { DaemonState } from './state.ts'
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

/** How much of a limit somebody has used. */
export interface NearLimit {
  readonly user: string
  readonly what: string
  readonly share: number
  /** Whether it is so much that it is warned of. */
  readonly isWarned: boolean
}

/** The share from which on somebody is on the way to a limit. */
const half = 0.5

/** Who has used half of a limit or more, the greatest share first. Who may not see users is told of those who are warned of. */
export function nearLimits({ users, status }: Pick<DaemonState, 'users' | 'status'>): readonly NearLimit[] {
  if (users.rows) return nearOf(users.rows)
  return (status?.health.near ?? []).map(({ user, limit, used, most }) => {
    return {
      user,
      what: Object.hasOwn(shortNames, limit) ? shortNames[limit] : limit,
      share: shareOf({ used, limit: most }),
      isWarned: true,
    }
  })
}

const shortNames = { 'max-connections': 'conns', 'max-sources': 'places', quota: 'quota' } as const

const nearOf = rememberLast((rows: readonly UserRow[]): NearLimit[] => {
  const near = rows.flatMap((row): NearLimit[] => {
    const { name } = row.user
    const [connections, quota] = [connectionsUsed(row), quotaUsed(row)].map((used) => (used ? shareOf(used) : 0))
    return [
      { user: name, what: shortNames['max-connections'], share: connections ?? 0, isWarned: (connections ?? 0) >= 1 },
      { user: name, what: shortNames.quota, share: quota ?? 0, isWarned: (quota ?? 0) >= warnShare(row) },
    ].filter(({ share }) => share >= half)
  })
  return near.sort((one, other) => other.share - one.share)
})

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
