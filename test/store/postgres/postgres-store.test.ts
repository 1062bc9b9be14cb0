import { describe, expect, it, onTestFinished } from 'vitest'
import { acceptStored } from '../../../daemon/settings/stored-settings.ts'
import { openPostgresStore } from '../../../daemon/store/postgres/postgres-store.ts'
import { damagedLimits, type Store } from '../../../daemon/store/store.ts'
import { hasPostgres, placeOf, usePostgres } from '../../helpers/postgres.ts'
import { bob } from '../../helpers/stores.ts'
import { testStore } from '../contract.ts'
import { testSettings } from '../settings-contract.ts'

describe.skipIf(!hasPostgres)('a real PostgreSQL', () => {
  const server = usePostgres()

  async function newPlace() {
    const place = placeOf(server.place(await server.newDatabase()))
    return () => openPostgresStore({ place, password: async () => '', node: 'a' })
  }

  async function openOn(database: string): Promise<Store> {
    const place = placeOf(server.place(database))
    const store = await openPostgresStore({ place, password: async () => '', node: 'a' })
    onTestFinished(() => store.close())
    return store
  }

  it('tells in words of operators whose secret is gone', async () => {
    const database = await server.newDatabase()
    const store = await openOn(database)
    await server.sql(database, 'DELETE FROM proxyd.decoy')
    const message = expect.stringMatching(
      /^the store .* has operators in it that are damaged .proxyd\.decoy has no row.*: restore a backup$/,
    )
    await expect(store.operators.decoySecret()).rejects.toMatchObject({ problem: 'corrupt', message })
  })

  it('tells of rules and watches whose numbers, and what they have seen, are damaged', async () => {
    const database = await server.newDatabase()
    const store = await openOn(database)
    await server.sql(database, "INSERT INTO proxyd.rules VALUES (true, 1, 'b', 'deny to a.example', '{}', 20)")
    const rows = ['null', '{damaged', '[1]'].map((seen, i) => `('w${i}', '', 1, 'alice', '${seen}')`)
    await server.sql(database, `INSERT INTO proxyd.watches VALUES ${rows.join()}, ('w3', '', 1, 'alice', '["x"]')`)
    expect(await store.rules.load()).toMatchObject({ text: 'deny to a.example', ids: [], nextId: 20 })
    const none = undefined
    expect((await store.watches.list()).map(({ seen }) => seen)).toEqual([none, none, none, ['x']])
  })

  it('tells of settings that are damaged, and those that are not are in force', async () => {
    const database = await server.newDatabase()
    const store = await openOn(database)
    const rows = ['{damaged', 'null', '"1h"', '70000'].map((value, i) => {
      return `('${['timeout-idle', 'ban-exempt', 'timeout-connect', 'timeout-resolve'][i]}', '${value}')`
    })
    await server.sql(database, `INSERT INTO proxyd.settings VALUES ${rows.join()}`)
    const warned: string[] = []
    const { values } = await store.settings.load()
    expect(acceptStored(values, (message) => warned.push(message))).toEqual({ 'timeout-resolve': 70_000 })
    expect(warned.map((message) => /^the stored setting (\S+) is ignored/.exec(message)?.[1]).sort()).toEqual([
      'ban-exempt',
      'timeout-connect',
      'timeout-idle',
    ])
  })

  it('tells of entries of the audit that are damaged as of the others', async () => {
    const database = await server.newDatabase()
    const store = await openOn(database)
    const entry = {
      time: 1,
      by: null,
      role: 'admin' as const,
      from: 'unix',
      action: 'users.add',
      outcome: 'ok',
      count: 1,
    }
    const kept = { since: 0, bytes: 1_000_000 }
    await store.audit.append(
      [
        { ...entry, given: { name: 'ann' } },
        { ...entry, given: { name: 'bob' }, after: {} },
      ],
      kept,
    )
    await server.sql(database, "UPDATE proxyd.audit SET given = '{damaged', after = '[]' WHERE after IS NOT NULL")
    const damaged = { damaged: 'what stands here cannot be read' }
    const [bob, ann] = await store.audit.list({ limit: 10 })
    expect([ann?.given, bob?.given, bob?.after]).toEqual([{ name: 'ann' }, damaged, damaged])
  })

  it.each(['null', '[]', '{damaged', '{"quota":{}}', '{"sources":[1]}'])(
    'tells of users and groups whose limits are %s, and of all others',
    async (limits) => {
      const database = await server.newDatabase()
      const store = await openOn(database)
      for (const name of ['ann', 'bob']) await store.users.insert({ ...bob, name, limits: { quota: 7 } })
      await server.sql(database, `UPDATE proxyd.users SET limits = '${limits}' WHERE name = 'ann'`)
      await server.sql(database, `INSERT INTO proxyd.groups VALUES ('staff', '${limits}', 1)`)
      const [ann, ...others] = await store.users.list()
      expect(others).toMatchObject([{ name: 'bob', limits: { quota: 7 } }])
      expect(ann).toMatchObject({ name: 'ann', limits: damagedLimits })
      expect(await store.users.named('ann')).toEqual(ann)
      expect(await store.groups.list()).toEqual([{ name: 'staff', limits: damagedLimits, revision: 1 }])
      await store.users.setLimits([{ id: ann?.id ?? 0, limits: { quota: 8 }, revision: 1, firstUsed: null, was: 0 }])
      expect(await store.users.named('ann')).toMatchObject({ limits: { quota: 8 }, revision: 1 })
    },
  )

  testStore('PostgreSQL', newPlace)
  testSettings('PostgreSQL', newPlace)
})
