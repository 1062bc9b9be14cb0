import type { User } from '../../../shared/protocol/methods.ts'
import type { UpDown } from '../chart/resample.ts'
import { rates } from './traffic.ts'

export interface UserRow {
  readonly user: User
  /** Bytes a second. */
  readonly rate: UpDown
  /** Both ways together over the last minute, the newest last; empty if nothing moved. */
  readonly past: readonly number[]
}

export interface Users {
  /** Null until the daemon has told. */
  readonly rows: readonly UserRow[] | null
  readonly at: number
  /** When rates were last kept as the past, and what the users had moved by then. */
  readonly marked: { readonly at: number; readonly totals: ReadonlyMap<string, number> }
}

export const noUsers: Users = { rows: null, at: 0, marked: { at: 0, totals: new Map() } }

/** Rates of the past that are kept, and milliseconds between two of them at least: together about a minute. */
export const pastKept = 30
const pastStep = 1900

/** The users as just listed; their rates are what they moved since the list before. */
export function listUsers(before: Users, users: readonly User[], at: number): Users {
  const earlier = new Map(before.rows?.map((row) => [row.user.name, row]))
  const { marked } = before
  const due = at - marked.at >= pastStep
  const rows = users.map((user): UserRow => {
    const row = earlier.get(user.name)
    const rate = rates(row?.user ?? user, user, at - before.at)
    const past = row?.past ?? none
    const total = marked.totals.get(user.name)
    if (!due || total === undefined) return { user, rate, past }
    const moved = Math.max(0, user.up + user.down - total)
    return { user, rate, past: goOn(past, (moved * 1000) / (at - marked.at)) }
  })
  if (!due) return { rows, at, marked }
  return { rows, at, marked: { at, totals: new Map(users.map(({ name, up, down }) => [name, up + down])) } }
}

const none: readonly number[] = []

/** Most users move nothing: of those nothing is kept. */
function goOn(past: readonly number[], rate: number): readonly number[] {
  if (rate === 0 && past.length === 0) return none
  const next = [...past, rate].slice(-pastKept)
  return next.some((each) => each > 0) ? next : none
}
