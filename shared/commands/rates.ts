import type { ConnectionRow } from '../filter/connection-fields.ts'
import type { UserRow } from '../filter/user-fields.ts'
import { type Context, everyPage } from './context.ts'

interface Moved {
  readonly up: number
  readonly down: number
}

/** The live connections, with their rates if a filter `asks` for any. */
export async function liveConnections(
  { call }: Pick<Context, 'call'>,
  asks: ReadonlySet<string>,
): Promise<Omit<ConnectionRow, 'idle'>[]> {
  const list = async () =>
    (await everyPage((from) => call('connections.list', from))).flatMap(({ connections }) => connections)
  const { at, rows } = await lookTwice(list, ({ id }) => id, asks)
  return rows.map(([connection, rate]) => ({ connection, rate, age: at - connection.opened }))
}

/** All users, with their rates if a filter `asks` for any. */
export async function allUsers({ call }: Pick<Context, 'call'>, asks: ReadonlySet<string>): Promise<UserRow[]> {
  const list = async () => (await everyPage((from) => call('users.list', from))).flatMap(({ users }) => users)
  const { rows } = await lookTwice(list, ({ name }) => name, asks)
  return rows.map(([user, rate]) => ({ user, rate }))
}

/** A rate is what two looks differ by, which are a second apart; where none is asked for one look is enough. */
async function lookTwice<Row extends Moved>(
  list: () => Promise<Row[]>,
  keyOf: (row: Row) => string,
  asks: ReadonlySet<string>,
): Promise<{ readonly at: number; readonly rows: readonly (readonly [row: Row, rate: Moved])[] }> {
  if (![...asks].some((field) => field.endsWith('rate'))) {
    const rows = await list()
    return { at: Date.now(), rows: rows.map((row) => [row, { up: 0, down: 0 }]) }
  }
  const before = new Map((await list()).map((row) => [keyOf(row), row]))
  const started = Date.now()
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const rows = await list()
  const at = Date.now()
  const seconds = Math.max(at - started, 1) / 1000
  const rateOf = (row: Row) => {
    const { up, down } = before.get(keyOf(row)) ?? { up: 0, down: 0 }
    return { up: (row.up - up) / seconds, down: (row.down - down) / seconds }
  }
  return { at, rows: rows.map((row) => [row, rateOf(row)]) }
}
