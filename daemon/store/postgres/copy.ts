import { DatabaseSync } from 'node:sqlite'
import { explain } from '../sqlite-errors.ts'
import { type StoredChange, StoreError } from '../store.ts'
import { note } from './changes.ts'
import type { Ask } from './connections.ts'

/** Rows that go at once. */
const page = 5_000

interface Table {
  readonly name: string
  /** Of PostgreSQL, each with its type. */
  readonly columns: Readonly<Record<string, string>>
  /** Of SQLite, in the order of the columns. */
  readonly select: string
}

const spans = ['hour', 'day'].map((span) => ({
  name: `usage_${span}s`,
  columns: { user_id: 'bigint', [span]: 'integer', up: 'bigint', down: 'bigint', connections: 'bigint' },
  select: `SELECT user, ${span}, up, down, connections FROM usage_${span}s`,
}))

/** Those that refer to others behind them. `:node`: the name of the node that the store was of. */
const tables: readonly Table[] = [
  {
    name: 'users',
    columns: {
      ...{ id: 'bigint', name: 'text', password: 'text', enabled: 'boolean', created: 'bigint', limits: 'text' },
      ...{ grouping: 'text', revision: 'bigint', first_used: 'bigint' },
    },
    select: `SELECT id, name, password, CASE enabled WHEN 1 THEN 'true' ELSE 'false' END, created, limits,
      coalesce(limits ->> 'group', 'default'), revision, first_used FROM users`,
  },
  {
    name: 'groups',
    columns: { name: 'text', limits: 'text', revision: 'bigint' },
    select: 'SELECT name, limits, revision FROM groups',
  },
  {
    name: 'operators',
    columns: {
      ...{ name: 'text', role: 'text', salt: 'bytea', iterations: 'integer', stored_key: 'bytea', server_key: 'bytea' },
      created: 'bigint',
    },
    select: 'SELECT name, role, salt, iterations, stored_key, server_key, created FROM operators',
  },
  {
    name: 'settings',
    columns: { name: 'text', value: 'text' },
    select: 'SELECT name, value FROM settings WHERE value IS NOT NULL',
  },
  {
    name: 'settings_revision',
    columns: { one: 'boolean', revision: 'bigint', node: 'text' },
    select: "SELECT 'true', max(revision), :node FROM settings HAVING count(*) > 0",
  },
  {
    name: 'rules',
    columns: { one: 'boolean', revision: 'bigint', node: 'text', text: 'text', ids: 'text', next_id: 'bigint' },
    select: "SELECT 'true', revision, :node, text, ids, next_id FROM rules",
  },
  {
    name: 'bans',
    columns: { source: 'text', since: 'bigint', until: 'bigint', reason: 'text', by: 'text' },
    select: 'SELECT source, since, until, reason, by FROM bans',
  },
  {
    name: 'watches',
    columns: { name: 'text', text: 'text', created: 'bigint', by: 'text', seen: 'text' },
    select: 'SELECT name, text, created, by, seen FROM watches',
  },
  {
    name: 'known_sources',
    columns: { node: 'text', saved: 'bigint', entries: 'bytea' },
    select: 'SELECT :node, saved, entries FROM known_sources',
  },
  {
    name: 'audit',
    columns: {
      ...{ id: 'bigint', time: 'bigint', node: 'text', operator: 'text', role: 'text', via: 'text', action: 'text' },
      ...{ given: 'text', before: 'text', after: 'text', outcome: 'text', count: 'bigint', bytes: 'bigint' },
    },
    select: `SELECT id, time, :node, operator, role, via, action, given, before, after, outcome, count, bytes FROM audit
      ORDER BY id`,
  },
  {
    name: 'usage',
    columns: {
      ...{ user_id: 'bigint', up: 'bigint', down: 'bigint', mark: 'bigint', marked: 'bigint' },
      ...{ last_up: 'bigint', last_down: 'bigint' },
    },
    select: 'SELECT user, up, down, mark, marked, 0, 0 FROM usage',
  },
  ...spans,
]

/** Nobody may have put anything there yet: what is of both could not be told apart. */
const filled = ['users', 'groups', 'operators', 'settings', 'rules', 'bans', 'watches', 'audit', 'usage_days']

/** Whatever other nodes may have read while there was nothing. */
const kinds: readonly StoredChange['kind'][] = ['group', 'user', 'settings', 'rules', 'operator', 'ban', 'watch']

/**
 * Copies all that the SQLite database `file`, of the latest schema, holds into an empty store. Resolves to how many rows of what;
 * rejects with a StoreError.
 */
export async function copyInto(
  ask: Ask,
  node: string,
  file: string,
  called: string,
): Promise<{ readonly name: string; readonly rows: number }[]> {
  for (const name of filled) {
    const rows = await ask(`SELECT 1 FROM proxyd.${name} LIMIT 1`)
    if (rows.length === 0) continue
    const mend = 'copy into a database that nothing was put into'
    throw new StoreError(
      'failed',
      `${called} has ${name.replace('_', ' ')} already, which a copy would mix with its own: ${mend}`,
    )
  }
  using source = opened(file)
  const copied: { readonly name: string; readonly rows: number }[] = []
  for (const table of tables) copied.push({ name: table.name, rows: await copyTable(ask, node, source, table) })
  const [{ bytes: secret }] = source.prepare('SELECT bytes FROM decoy').all() as { bytes: Uint8Array }[]
  await ask('UPDATE proxyd.decoy SET bytes = $1', [secret])
  await ask('UPDATE proxyd.audit_size SET bytes = (SELECT coalesce(sum(bytes), 0) FROM proxyd.audit)')
  for (const name of ['users', 'audit']) await goOnBehind(ask, source, name)
  for (const kind of kinds) await note(ask, node, kind, [''])
  const told = ['users', 'groups', 'operators', 'settings', 'rules', 'bans', 'watches', 'audit', 'usage']
  return copied.filter(({ name }) => told.includes(name))
}

function opened(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { readOnly: true })
  } catch (error) {
    throw explain(file, error)
  }
}

async function copyTable(
  ask: Ask,
  node: string,
  source: DatabaseSync,
  { name, columns, select }: Table,
): Promise<number> {
  const names = Object.keys(columns)
  const given = Object.values(columns).map((type, i) => `$${i + 1}::${type}[]`)
  const statement = `INSERT INTO proxyd.${name} (${names.join()}) SELECT * FROM unnest(${given.join()})`
  const reading = source.prepare(select)
  reading.setReturnArrays(true)
  const values = select.includes(':node') ? { node } : {}
  let rows: unknown[][] = []
  let count = 0
  const put = async () => {
    if (rows.length === 0) return
    await ask(
      statement,
      names.map((_, column) => rows.map((row) => row[column])),
    )
    count += rows.length
    rows = []
  }
  for (const row of reading.iterate(values) as unknown as Iterable<unknown[]>) {
    rows.push(row)
    if (rows.length === page) await put()
  }
  await put()
  return count
}

/** The number of one that is gone is never given again. */
async function goOnBehind(ask: Ask, source: DatabaseSync, name: string): Promise<void> {
  const row = source.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?').get(name)
  const last = Number(row?.seq ?? 0)
  if (last > 0) await ask(`SELECT setval(pg_get_serial_sequence('proxyd.${name}', 'id'), $1)`, [last])
}
