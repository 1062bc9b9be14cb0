import type { DatabaseSync } from 'node:sqlite'
import { rowsOf } from './sqlite-rows.ts'
import {
  type Immediate,
  noLogin,
  others,
  type StoredUsage,
  type UsageBatch,
  type UsageRow,
  type UsageStore,
  type UsageWish,
  usageCells,
  usageWidth,
} from './store.ts'
import { inTransaction } from './transaction.ts'
import { spanOf, usageSpans } from './usage-spans.ts'

const { hour, day } = usageSpans

/** What users have moved, in tables of SQLite. */
export function sqliteUsage(database: DatabaseSync): Immediate<UsageStore> {
  const list = database.prepare('SELECT user, up, down, mark, marked FROM usage')
  const put = database.prepare(
    `INSERT INTO usage (user, up, down, mark, marked) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (user) DO UPDATE SET up = excluded.up, down = excluded.down, mark = excluded.mark, marked = excluded.marked`,
  )
  const exists = database.prepare('SELECT 1 FROM users WHERE id = ?')
  const [addToHour, addToDay] = ['hour', 'day'].map((span) =>
    database.prepare(
      `INSERT INTO usage_${span}s (user, ${span}, up, down, connections) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET
        up = up + excluded.up, down = down + excluded.down, connections = connections + excluded.connections`,
    ),
  )
  const forgetHours = database.prepare('DELETE FROM usage_hours WHERE hour < ?')
  const forgetDays = database.prepare('DELETE FROM usage_days WHERE day < ?')
  const lastBatch = database.prepare('SELECT run, number FROM usage_batch')
  const noteBatch = database.prepare('INSERT OR REPLACE INTO usage_batch (one, run, number) VALUES (1, ?, ?)')

  return {
    list: () => rowsOf<StoredUsage>(list),
    save(batch) {
      const [last] = rowsOf<Pick<UsageBatch, 'run' | 'number'>>(lastBatch)
      if (last?.run === batch.run && last.number >= batch.number) return
      inTransaction(database, () => {
        add(batch)
        noteBatch.run(batch.run, batch.number)
        forgetHours.run(Math.floor(batch.time / hour.length) - hour.kept)
        forgetDays.run(Math.floor(batch.time / day.length) - day.kept)
      })
    },
    read: (wish) => read(wish),
  }

  function add({ time, rows }: UsageBatch): void {
    const [thisHour, thisDay] = [Math.floor(time / hour.length), Math.floor(time / day.length)]
    for (let at = 0; at < rows.length; at += usageWidth) {
      const cell = (name: keyof typeof usageCells) => rows[at + usageCells[name]]
      const user = cell('user')
      const isStored = user > 0 && exists.get(user) !== undefined
      if (isStored) put.run(user, cell('up'), cell('down'), cell('mark'), cell('marked'))
      const more = [cell('moreUp'), cell('moreDown'), cell('moreConnections')]
      if (more.every((count) => count === 0)) continue
      const whose = isStored || user === noLogin ? user : others
      addToHour.run(whose, thisHour, ...more)
      addToDay.run(whose, thisDay, ...more)
    }
  }

  function read({ user, offset, limit, ...wish }: UsageWish): UsageRow[] {
    const { by } = wish
    const { span, length, first, end } = spanOf(wish)
    const key = { hour: 'hour', day: 'day', user: 'user', group: 'grouping' }[by]
    const statement = database.prepare(
      `SELECT ${by === 'hour' || by === 'day' ? `${by} * ${length}` : 'NULL'} AS start,
        ${by === 'user' ? 'user' : 'NULL'} AS user, ${by === 'user' ? 'name' : 'NULL'} AS name,
        ${by === 'group' ? 'grouping' : 'NULL'} AS "group",
        sum(up) AS up, sum(down) AS down, sum(connections) AS connections
      FROM (SELECT user, name, ${span}, up, down, connections,
        CASE WHEN name IS NULL THEN NULL ELSE coalesce(limits ->> 'group', 'default') END AS grouping
        FROM usage_${span}s LEFT JOIN users ON users.id = user
        WHERE ${span} >= :first AND ${span} < :end AND (:user IS NULL OR user = :user))
      GROUP BY ${key} ORDER BY ${by === 'hour' || by === 'day' ? key : `sum(up) + sum(down) DESC, ${key}`}
      LIMIT :limit OFFSET :offset`,
    )
    return statement.all({ first, end, user: user ?? null, limit, offset }) as unknown as UsageRow[]
  }
}
