import { describe, expect, it, onTestFinished } from 'vitest'
import { openPostgresStore } from '../../../daemon/store/postgres/postgres-store.ts'
import { damagedLimits } from '../../../daemon/store/store.ts'
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

  it.each([
    ['watches', `what the watch "w" has seen is no`, "INSERT INTO proxyd.watches VALUES ('w', '', 1, 'alice', 'null')"],
    ['operators', 'proxyd.decoy has no row', 'DELETE FROM proxyd.decoy'],
    ['rules', 'the numbers of the rules are no', "INSERT INTO proxyd.rules VALUES (true, 1, 'b', '', '{}', 1)"],
  ] as const)('tells in words of %s that are damaged', async (part, why, sql) => {
    const database = await server.newDatabase()
    const store = await openPostgresStore({
      place: placeOf(server.place(database)),
      password: async () => '',
      node: 'a',
    })
    onTestFinished(() => store.close())
    await server.sql(database, sql)
    const read = { rules: store.rules.load, operators: store.operators.decoySecret, watches: store.watches.list }
    const reading = read[part]()
    const message = expect.stringMatching(
      new RegExp(`^the store .* has ${part} in it that are damaged .${why}.*: restore a backup$`),
    )
    await expect(reading).rejects.toMatchObject({ problem: 'corrupt', message })
  })

  it.each(['null', '[]', '{damaged', '{"quota":{}}', '{"sources":[1]}'])(
    'tells of users and groups whose limits are %s, and of all others',
    async (limits) => {
      const database = await server.newDatabase()
      const store = await openPostgresStore({
        place: placeOf(server.place(database)),
        password: async () => '',
        node: 'a',
      })
      onTestFinished(() => store.close())
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
