import { counted } from '../../shared/format/count.ts'
import { formatLimit, type LimitName, type LimitValue } from '../../shared/limits.ts'
import type { SessionTable } from '../engine/session-table.ts'
import { eachSource, type LimitLines, RefusingLimit } from '../engine/shared/limit-lines.ts'
import type { RefusedSource, SourceLines } from '../engine/shared/source-lines.ts'
import { formatNetwork } from '../net/network.ts'

/** Lines told at once; whoever else there is, is told of together. */
const mostLines = 50

/** Somebody who was refused something, how often, and by what, as it ends the line. */
interface Refused {
  readonly whom: string
  readonly count: number
  readonly by: string
}

/** What refuses. */
export interface Refuser {
  /** As it begins the line. */
  readonly name: string
  /** Whom it has refused something since the last call; no user's index is above `highestIndex`. */
  take(highestIndex: number, nameOf: (index: number) => string | undefined): Refused[]
}

/** Tells whom something was refused since it was told last: of each one line, whatever there was. */
export function tellRefusals(
  refuser: Refuser,
  users: { readonly highestIndex: number; nameOf(index: number): string | undefined },
  tell: (line: string) => void,
): void {
  const { name } = refuser
  const refused = refuser.take(users.highestIndex, (index) => users.nameOf(index))
  for (const { whom, count, by } of refused.slice(0, mostLines))
    tell(`${name} refused ${whom} ${counted(count, 'time')}${by}`)
  if (refused.length > mostLines) tell(`${name} refused ${refused.length - mostLines} more something`)
}

/** Rules, as the loops' tables tell of them. Clients without a login are told apart by source. */
export function byRules(
  tables: readonly Pick<SessionTable, 'userForbidden' | 'userForbiddenBy'>[],
  sources: Pick<SourceLines, 'takeRefused'>,
): Refuser {
  const growth = new Growth()
  const countNew = (index: number) =>
    growth.of(
      index,
      tables.reduce((sum, { userForbidden }) => sum + (userForbidden[index] ?? 0), 0),
    )
  const lastOf = (index: number) => {
    const table = tables.find(({ userForbidden }) => userForbidden[index] !== 0)
    return `, last by rule ${table?.userForbiddenBy[index]}`
  }
  return {
    name: 'rules',
    take(highestIndex, nameOf) {
      const anonymous = ofSources(
        countNew(0),
        lastOf(0),
        () => sources.takeRefused('rules'),
        (rule) => `rule ${rule}`,
      )
      return [...anonymous, ...ofUsers(highestIndex, nameOf, (index) => [countNew(index), lastOf(index)])]
    },
  }
}

export interface LimitRefusals {
  readonly lines: Pick<LimitLines, 'refusals'>
  readonly sources: Pick<SourceLines, 'takeRefused'>
  /** What is in force for a user; undefined where nothing is any more. */
  limitOf(index: number, name: LimitName): LimitValue | undefined
  /** What is in force for each source. */
  settingOf(name: 'max-connections-source' | 'connect-rate-source'): number
}

/** Limits of connections, of users and of sources. */
export function byLimits({ lines, sources, limitOf, settingOf }: LimitRefusals): Refuser {
  const growth = new Growth()
  const countNew = (line: number, limit: RefusingLimit) =>
    growth.of(line * countersOfLine + limit, lines.refusals(line, limit))
  const limitText = (index: number, limit: RefusingLimit) => {
    const name = limitNameOf.get(limit)
    if (!name) return shareText
    const value = limitOf(index, name)
    return value === undefined || value === null ? name : `${name}=${formatLimit(name, value)}`
  }
  const ofUser = (index: number): [count: number, by: string] => {
    const counts = userLimits
      .map((limit) => ({ limit, count: countNew(index, limit) }))
      .filter(({ count }) => count > 0)
    const by = counts.map(({ limit, count }) => `${count} by ${limitText(index, limit)}`)
    return [counts.reduce((sum, { count }) => sum + count, 0), `: ${by.join(', ')}`]
  }
  const ofSource = (limit: number) => {
    if (limit === RefusingLimit.share) return shareText
    const name = limit === RefusingLimit.connectRate ? 'connect-rate-source' : 'max-connections-source'
    return `${name}=${settingOf(name)}`
  }
  return {
    name: 'limits',
    take(highestIndex, nameOf) {
      const total = sourceLimits.reduce((sum, by) => sum + countNew(eachSource, by), 0)
      return [
        ...ofSources(total, '', () => sources.takeRefused('limits'), ofSource),
        ...ofUsers(highestIndex, nameOf, ofUser),
      ]
    },
  }
}

const countersOfLine = 1 + Math.max(...Object.values(RefusingLimit))
const shareText = 'their share of all connections'
const limitNameOf: ReadonlyMap<RefusingLimit, LimitName> = new Map([
  [RefusingLimit.maxConnections, 'max-connections'],
  [RefusingLimit.maxSources, 'max-sources'],
  [RefusingLimit.sources, 'sources'],
  [RefusingLimit.quota, 'quota'],
  [RefusingLimit.expires, 'expires'],
])
const userLimits: readonly RefusingLimit[] = [RefusingLimit.share, ...limitNameOf.keys()]
const sourceLimits: readonly RefusingLimit[] = [
  RefusingLimit.share,
  RefusingLimit.maxConnections,
  RefusingLimit.connectRate,
]

/** What counters have grown by since they were looked at last. */
class Growth {
  readonly #seen = new Map<number, number>()

  of(key: number, total: number): number {
    const seen = this.#seen.get(key) ?? 0
    if (total !== seen) this.#seen.set(key, total)
    // An index begins anew with its next owner.
    return total < seen ? total : total - seen
  }
}

function ofUsers(
  highestIndex: number,
  nameOf: (index: number) => string | undefined,
  refusedOf: (index: number) => readonly [count: number, by: string],
): Refused[] {
  const refused: Refused[] = []
  for (let index = 1; index <= highestIndex; index++) {
    const [count, by] = refusedOf(index)
    if (count > 0) refused.push({ whom: `user ${JSON.stringify(nameOf(index) ?? '')}`, count, by })
  }
  return refused
}

/** `count`: of all together; of those whom the table of sources has no room for it is told as a rest. */
function ofSources(
  count: number,
  by: string,
  take: () => readonly RefusedSource[],
  words: (by: number) => string,
): Refused[] {
  if (count === 0) return []
  const known = [...take()].sort((one, other) => other.count - one.count)
  const rest = known.reduce((left, each) => left - each.count, count)
  return [
    ...known.map((each) => ({
      whom: formatNetwork(each.source),
      count: each.count,
      by: `, last by ${words(each.by)}`,
    })),
    ...(rest > 0 ? [{ whom: 'clients of other addresses', count: rest, by }] : []),
  ]
}
