import type { Params, Result, UsageRow } from '../../shared/protocol/methods.ts'
import { Refusal } from '../refusal.ts'
import { noLogin, others, type UsageRow as StoredRow, type UsageStore } from '../store/store.ts'

const day = 86_400_000
const page = 500

/** Who has an id. */
interface Ids {
  named(name: string): { readonly id: number | undefined } | undefined
}

/** Tells what was used. */
export class UsageReports {
  readonly #store: UsageStore
  readonly #accounts: Ids

  constructor(store: UsageStore, accounts: Ids) {
    this.#store = store
    this.#accounts = accounts
  }

  /** Rejects with a `Refusal`: `not_found` if there is no such user. The cursor is how many rows came before. */
  async list(wish: Params<'usage.list'>): Promise<Result<'usage.list'>> {
    const { by, user, since = Date.now() - day, until = Number.MAX_SAFE_INTEGER, cursor, limit = page } = wish
    const offset = Number(cursor ?? 0)
    const id = user === undefined ? undefined : this.#idOf(user)
    const rows = await this.#store.read({ by, user: id, since, until, offset, limit: limit + 1 })
    const usage = rows.slice(0, limit).map((row) => told(row, by))
    return rows.length > limit ? { usage, next: String(offset + limit) } : { usage }
  }

  /** Of a user who is not stored nothing is kept but with others together. */
  #idOf(user: string | null): number {
    if (user === null) return noLogin
    const account = this.#accounts.named(user)
    if (!account) throw new Refusal('not_found', `there is no user ${JSON.stringify(user)}`)
    if (account.id === undefined)
      throw new Refusal('not_found', `of ${JSON.stringify(user)}, given by flag, no usage is kept`)
    return account.id
  }
}

function told(
  { start, user, name, group, up, down, connections }: StoredRow,
  by: Params<'usage.list'>['by'],
): UsageRow {
  const moved = { up, down, connections }
  switch (by) {
    case 'user':
      return { user: name, ...(user === others && { gone: true }), ...moved }
    case 'group':
      return { group, ...moved }
    default:
      return { start: start ?? 0, ...moved }
  }
}
