import { describe, expect, it, onTestFinished } from 'vitest'
import { openPostgresStore } from '../../../daemon/store/postgres/postgres-store.ts'
import { damagedLimits, damagedSetting } from '../../../daemon/store/store.ts'
import { hasPostgres, placeOf, usePostgres } from '../../helpers/postgres.ts'
import { testStore } from '../contract.ts'
import { type DamagedPlace, testDamage } from '../damage-contract.ts'
import { testSettings } from '../settings-contract.ts'

describe.skipIf(!hasPostgres)('a real PostgreSQL', () => {
  const server = usePostgres()

  async function newPlace() {
    const place = placeOf(server.place(await server.newDatabase()))
    return () => openPostgresStore({ place, password: async () => '', node: 'a' })
  }

  async function damagedPlace(): Promise<DamagedPlace> {
    const database = await server.newDatabase()
    const place = placeOf(server.place(database))
    return {
      open: () => openPostgresStore({ place, password: async () => '', node: 'a' }),
      async alter(sql) {
        await server.sql(database, sql)
      },
      table: (name) => `proxyd.${name}`,
    }
  }

  it('tells of JSON that is none as of such of another shape', async () => {
    const { open, alter } = await damagedPlace()
    await alter(`INSERT INTO proxyd.users VALUES (1, 'ann', 'x', true, 1, '{damaged', 'default', 1);
      INSERT INTO proxyd.settings VALUES ('timeout-idle', '{damaged');
      INSERT INTO proxyd.watches VALUES ('w', '', 1, 'alice', '{damaged')`)
    const store = await open()
    onTestFinished(() => store.close())
    expect(await store.users.list()).toMatchObject([{ name: 'ann', limits: damagedLimits }])
    expect((await store.settings.load()).values).toEqual(new Map([['timeout-idle', damagedSetting]]))
    expect(await store.watches.list()).toMatchObject([{ name: 'w', seen: undefined }])
  })

  testStore('PostgreSQL', newPlace)
  testSettings('PostgreSQL', newPlace)
  testDamage('PostgreSQL', damagedPlace)
})
