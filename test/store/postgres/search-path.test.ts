import { describe, expect, it, onTestFinished } from 'vitest'
import { noLimits } from '../../../daemon/access/accounts.ts'
import { openPostgresStore } from '../../../daemon/store/postgres/postgres-store.ts'
import { hasPostgres, placeOf, usePostgres } from '../../helpers/postgres.ts'

const bob = { name: 'bob', password: '$scrypt$bob', enabled: true, created: 1, ...noLimits }

describe.skipIf(!hasPostgres)('a database in which somebody else may create functions', () => {
  const server = usePostgres()

  /** For exactly what proxyd calls: PostgreSQL takes them before its own, which are for values of any type. */
  const functions = [
    'unnest(bigint[]) RETURNS SETOF bigint',
    'unnest(text[]) RETURNS SETOF text',
    'json_build_array(bigint, text, text, boolean, bigint, text, bigint, bigint) RETURNS json',
    'json_build_array(bigint, bigint, bigint, bigint, bigint) RETURNS json',
    'json_object_agg(text, text) RETURNS json',
  ]

  /** As it is in every database of PostgreSQL 13 and 14. */
  async function openDatabase(): Promise<string> {
    const database = await server.newDatabase()
    const role = `mallory_of_${database}`
    await server.sql(database, `CREATE ROLE ${role}; GRANT CREATE ON SCHEMA public TO PUBLIC`)
    const made = functions.map(
      (head) => `CREATE FUNCTION public.${head} LANGUAGE plpgsql AS $$ BEGIN RAISE 'not the one of PostgreSQL'; END $$`,
    )
    await server.sql(database, `SET ROLE ${role}; ${made.join(';')}`)
    return database
  }

  it('runs none of them with the rights of proxyd', async () => {
    const place = placeOf(server.place(await openDatabase()))
    const store = await openPostgresStore({ place, password: async () => '', node: 'a' })
    onTestFinished(() => store.close())
    const user = (await store.users.insert(bob)) ?? 0
    expect(await store.users.list()).toMatchObject([bob])
    expect(await store.users.named('bob')).toMatchObject(bob)
    await store.settings.save(1, new Map([['log-level', 'debug']]))
    expect((await store.settings.load()).values).toEqual(new Map([['log-level', 'debug']]))
    expect(await store.usage.list()).toEqual([])
    const limits = { quota: 1, maxConnections: undefined, rateUp: undefined, rateDown: undefined }
    const wants = { unused: 0, wantsBytes: 1, live: 0, wantsSlots: 0, wantsUp: 0, wantsDown: 0 }
    expect(await store.fleet?.leases.refresh([{ user, limits, ...wants }])).toMatchObject([{ user }])
  })

  it('does not either in sessions that a pooler opens for it, once a node has started', async () => {
    const database = await openDatabase()
    const settings = () =>
      server.sql<{ config: string[] }>(
        database,
        `SELECT setconfig AS config FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
          WHERE datname = current_database()`,
      )
    // With no rights but those that it needs.
    await server.sql(database, 'CREATE ROLE node LOGIN IN ROLE proxyd')
    const place = placeOf(server.place(database).replace('proxyd@', 'node@'))
    const starts = ['a', 'b', 'c'].map(async (node) =>
      (await openPostgresStore({ place, password: async () => '', node })).close(),
    )
    await Promise.all(starts)
    expect(await settings()).toEqual([{ config: ['search_path=pg_catalog'] }])
  })
})
