import type { User } from '../../../shared/protocol/methods.ts'
import { changeUsers, type UserChange } from '../../client/index.ts'
import type { UpDown } from '../chart/resample.ts'
import { rememberLast } from './remember-last.ts'
import { growth, rates, still } from './traffic.ts'

export interface UserRow {
  readonly user: User
  /** Bytes a second. */
  readonly rate: UpDown
  /** Both ways together over the last minute, the newest last; empty if nothing moved. */
  readonly past: readonly number[]
  /** Connections refused by a limit, over the same time; empty if none was. */
  readonly refusals: readonly number[]
}

interface Total extends UpDown {
  readonly refused: number
}

export interface Users {
  /** Null until the daemon has told. */
  readonly rows: readonly UserRow[] | null
  /** When rates were taken last, and what the users had moved by then. */
  readonly counted: { readonly at: number; readonly totals: ReadonlyMap<string, Total> }
}

export const noUsers: Users = { rows: null, counted: { at: 0, totals: new Map() } }

/** Rates that are kept, and milliseconds over which one is taken at least: together about a minute. */
export const pastKept = 30
const step = 1900

/** The users as just listed. */
export function listUsers(before: Users, users: readonly User[], at: number): Users {
  const earlier = new Map(before.rows?.map((row) => [row.user.name, row]))
  const rows = users.map((user) => ({ rate: still, past: none, refusals: none, ...earlier.get(user.name), user }))
  return before.rows ? takeRates({ ...before, rows }, at) : { rows, counted: count(rows, at) }
}

/** The users after some changes, oldest first. */
export function applyChanges(before: Users, changes: readonly UserChange[], at: number): Users {
  const users = new Map(before.rows?.map(({ user }) => [user.name, user]))
  changeUsers(users, changes)
  return listUsers(before, [...users.values()], at)
}

/** Their rates are what they moved since the last ones were taken; they are taken again once that is long ago. */
export function takeRates(users: Users, at: number): Users {
  const { rows, counted } = users
  const span = at - counted.at
  if (!rows || span < step) return users
  const fresh = rows.map((row): UserRow => {
    const { user, past, refusals } = row
    const total = counted.totals.get(user.name)
    if (!total) return row
    const rate = rates(total, user, span)
    return {
      user,
      rate,
      past: goOn(past, rate.up + rate.down),
      refusals: goOn(refusals, growth(total.refused, user.use.refused)),
    }
  })
  return { rows: fresh, counted: count(rows, at) }
}

function count(rows: readonly UserRow[], at: number): Users['counted'] {
  const totalOf = ({ up, down, use }: User): Total => ({ up, down, refused: use.refused })
  return { at, totals: new Map(rows.map(({ user }) => [user.name, totalOf(user)])) }
}

/** Connections of theirs that a limit refused in the last minute, as far as it was followed. */
export function refusedLately({ refusals }: UserRow): number {
  return refusals.reduce((sum, each) => sum + each, 0)
}

const none: readonly number[] = []

/** Most users move nothing, and are refused nothing: of those nothing is kept. */
function goOn(past: readonly number[], now: number): readonly number[] {
  if (now === 0 && past.length === 0) return none
  const next = [...past, now].slice(-pastKept)
  return next.some((each) => each > 0) ? next : none
}

const leaders = 20

/** Those who have moved most, the first of them first. */
export const moversOf = rememberLast((rows: readonly UserRow[] | null): readonly UserRow[] => {
  const moved = ({ user }: UserRow) => user.down + user.up
  return [...(rows ?? [])].sort((one, other) => moved(other) - moved(one)).slice(0, leaders)
})
