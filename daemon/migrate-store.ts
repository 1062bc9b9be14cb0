import { resolve } from 'node:path'
import { Failure } from './failure.ts'
import { type StoreSettings, sharedStoreOf } from './named-store.ts'
import { Refusal } from './refusal.ts'
import { copyDatabase } from './store/database-copy.ts'
import { openStore } from './store/open-store.ts'
import { databaseIn } from './store/sqlite-store.ts'

/**
 * Makes the schema of the store that the settings name, or brings it up to date; with `from`, the folder of a daemon's own store, also
 * all that this holds. All or none of it. Resolves to what was done, for people; rejects with a Failure.
 */
export async function migrateStore(settings: StoreSettings, from: string | undefined): Promise<string> {
  const options = sharedStoreOf(settings)
  if (options === undefined) throw new Failure(2, '--migrate is about a PostgreSQL: name it with --store')
  try {
    const { prepareStore } = await import('./store/postgres/prepare.ts')
    if (from === undefined) return await prepareStore(options, undefined)
    using copy = copyDatabase(databaseIn(resolve(from)))
    // An older one is brought up to date in the copy.
    await (await openStore(copy.folder)).close()
    return await prepareStore(options, databaseIn(copy.folder))
  } catch (error) {
    throw error instanceof Refusal ? new Failure(1, error.message) : error
  }
}
