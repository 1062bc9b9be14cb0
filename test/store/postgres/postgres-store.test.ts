import { describe } from 'vitest'
import { openPostgresStore } from '../../../daemon/store/postgres/postgres-store.ts'
import { hasPostgres, placeOf, usePostgres } from '../../helpers/postgres.ts'
import { testStore } from '../contract.ts'
import { testSettings } from '../settings-contract.ts'

describe.skipIf(!hasPostgres)('a real PostgreSQL', () => {
  const server = usePostgres()

  async function newPlace() {
    const place = placeOf(server.place(await server.newDatabase()))
    return () => openPostgresStore({ place, password: async () => '', node: 'a' })
  }

  testStore('PostgreSQL', newPlace)
  testSettings('PostgreSQL', newPlace)
})
