import { randomBytes } from 'node:crypto'
import { StoreError } from '../store.ts'
import { type Ask, type Connections, searchPath } from './connections.ts'
import { onlyToLookAt, standby, unmade } from './errors.ts'
import { migrations } from './migrations.ts'

/** PostgreSQL 13, the oldest that is tried. */
const oldestServer = 130_000

/** Rejects with a StoreError unless the schema is the one that this proxyd knows, on a server that takes changes, by us. */
export async function expectSchema({ ask, place }: Connections): Promise<void> {
  const version = await versionOf(ask)
  const { called } = place
  if (version === 0) throw unmade(called)
  if (version > migrations.length) throw newer(called, version)
  if (version < migrations.length) {
    const what = `${called} was made by an older proxyd (schema ${version}, this one has ${migrations.length})`
    throw new StoreError('older', `${what}: run proxyd --migrate with the same --store once`)
  }
  const [{ isReadOnly }] = await ask<{ isReadOnly: boolean }>(
    `SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS "isReadOnly"`,
  )
  if (isReadOnly) throw standby(called)
  const barred = await ask(
    `SELECT FROM pg_class WHERE relnamespace = 'proxyd'::regnamespace AND relkind = 'r' AND relname NOT IN ('schema', 'decoy')
      AND NOT (has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))`,
  )
  if (barred.length > 0) throw onlyToLookAt(place)
}

/**
 * Has PostgreSQL begin the sessions of proxyd's role here with the search path: a pooler opens some by itself, in which nobody else
 * sets it. Nodes that start at once do so one after another, for it has no two change settings of a role at the same moment.
 */
export async function keepSearchPath(connections: Connections): Promise<void> {
  if (await keepsSearchPath(connections.ask)) return
  await connections.change(['schema'], async (ask) => {
    if (await keepsSearchPath(ask)) return
    const [{ database }] = await ask<{ database: string }>('SELECT current_database() AS database')
    const name = `"${database.replaceAll('"', '""')}"`
    await ask(`ALTER ROLE SESSION_USER IN DATABASE ${name} SET search_path = ${searchPath}`)
  })
}

async function keepsSearchPath(ask: Ask): Promise<boolean> {
  const rows = await ask(
    `SELECT FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole JOIN pg_database ON pg_database.oid = setdatabase
    WHERE rolname = session_user AND datname = current_database() AND $1 = ANY (setconfig)`,
    [`search_path=${searchPath}`],
  )
  return rows.length > 0
}

/** Makes the schema, or brings it up to date, in a transaction that has the lock for that; resolves to its version before and now. */
export async function migrate(ask: Ask, called: string): Promise<{ readonly before: number; readonly now: number }> {
  const [server] = await ask<{ version: number; encoding: string }>(
    `SELECT current_setting('server_version_num')::integer AS version, current_setting('server_encoding') AS encoding`,
  )
  if (server.version < oldestServer)
    throw new StoreError('failed', `${called} is older than PostgreSQL 13, which proxyd needs: upgrade the server`)
  if (server.encoding !== 'UTF8') {
    const mend = 'create another one with ENCODING UTF8'
    throw new StoreError(
      'failed',
      `${called} keeps its texts as ${server.encoding}, which cannot hold every name: ${mend}`,
    )
  }
  const before = await versionOf(ask)
  if (before > migrations.length) throw newer(called, before)
  if (before === 0) {
    await ask('CREATE SCHEMA IF NOT EXISTS proxyd')
    await ask('CREATE TABLE proxyd.schema (version integer NOT NULL)')
    await ask('INSERT INTO proxyd.schema VALUES (0)')
  }
  for (const step of migrations.slice(before)) for (const statement of step.split(';\n')) await ask(statement)
  if (before === 0) await ask('INSERT INTO proxyd.decoy VALUES ($1)', [randomBytes(32)])
  await ask('UPDATE proxyd.schema SET version = $1', [migrations.length])
  return { before, now: migrations.length }
}

/** 0: there is none yet. */
async function versionOf(ask: Ask): Promise<number> {
  const [{ isThere }] = await ask<{ isThere: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'proxyd') AS "isThere"`,
  )
  if (!isThere) return 0
  const [row] = await ask<{ version: number }>('SELECT version FROM proxyd.schema')
  return row?.version ?? 0
}

function newer(called: string, version: number): StoreError {
  return new StoreError(
    'newer',
    `${called} was made by a newer proxyd (schema ${version}, this one knows ${migrations.length}): upgrade proxyd`,
  )
}
