import { describe, expect, it, onTestFinished } from 'vitest'
import { openPostgresStore } from '../../../daemon/store/postgres/postgres-store.ts'
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
    ['users', `the limits of the user "bob" are no JSON object`, "UPDATE proxyd.users SET limits = 'null'"],
    ['groups', `the limits of the group "staff" are no`, "INSERT INTO proxyd.groups VALUES ('staff', '[]', 1)"],
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
    await store.users.insert(bob)
    await server.sql(database, sql)
    const read = { rules: store.rules.load, operators: store.operators.decoySecret }
    const reading = part === 'rules' || part === 'operators' ? read[part]() : store[part].list()
    const message = expect.stringMatching(
      new RegExp(`^the store .* has ${part} in it that are damaged .${why}.*: restore a backup$`),
    )
    await expect(reading).rejects.toMatchObject({ problem: 'corrupt', message })
  })

  testStore('PostgreSQL', newPlace)
  testSettings('PostgreSQL', newPlace)
})
