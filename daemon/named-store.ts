import { resolve } from 'node:path'
import type { Settings } from '../shared/settings.ts'
import { Failure } from './failure.ts'
import { secretIn } from './secret-file.ts'
import { openStore } from './store/open-store.ts'
import { readPlace } from './store/postgres/place.ts'
import type { PostgresOptions } from './store/postgres/postgres-store.ts'
import { type Store, StoreError } from './store/store.ts'

/** What says where a store is. */
export type StoreSettings = Readonly<Pick<Settings, 'store' | 'store-password-file' | 'node' | 'state-dir'>>

/** Opens the store that the settings name: one that daemons share, or this one's own in `state-dir`. Rejects with a StoreError or a Failure. */
export async function openNamedStore(settings: StoreSettings): Promise<Store> {
  const options = sharedStoreOf(settings)
  if (options === undefined) return openStore(settings['state-dir'])
  const { openPostgresStore } = await import('./store/postgres/postgres-store.ts')
  return openPostgresStore(options)
}

/** Where this daemon's own store is. Throws a Failure if it has none, for what `wants` it. */
export function ownFolder(settings: StoreSettings, wants: string): string {
  if (settings.store === '') return settings['state-dir']
  throw new Failure(
    2,
    `${wants} is about a store in --state-dir, and --store names a PostgreSQL, which has means of its own for that`,
  )
}

/** Undefined if the settings name none. Throws a Failure. */
export function sharedStoreOf(settings: StoreSettings): PostgresOptions | undefined {
  const { store, node } = settings
  if (store === '') return undefined
  const place = readPlace(store)
  if (typeof place === 'string') throw new Failure(2, `store ${place}`)
  const file = settings['store-password-file']
  const path = file === '' ? undefined : resolve(file)
  // Said at once, and not with the first connection.
  if (path !== undefined) secretIn(path, 'store-password-file')
  return { place, node, password: async () => (path === undefined ? '' : passwordIn(path)) }
}

function passwordIn(path: string): string {
  try {
    return secretIn(path, 'store-password-file')
  } catch (error) {
    throw error instanceof Failure ? new StoreError('failed', error.message) : error
  }
}
