import type { User } from '../../../shared/protocol/methods.ts'
import type { UserRow } from '../tables/users-table.ts'
import { rates } from './traffic.ts'

export interface Users {
  /** Null until the daemon has told. */
  readonly rows: readonly UserRow[] | null
  readonly at: number
}

export const noUsers: Users = { rows: null, at: 0 }

/** The users as just listed; their rates are what they moved since the list before. */
export function listUsers(before: Users, users: readonly User[], at: number): Users {
  const earlier = new Map(before.rows?.map(({ user }) => [user.name, user]))
  const rows = users.map((user) => ({ user, rate: rates(earlier.get(user.name) ?? user, user, at - before.at) }))
  return { rows, at }
}
