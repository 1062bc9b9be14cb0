import { join } from 'node:path'
import { expect } from 'vitest'
import { greeted, type RawClient, started } from '../control/raw-client.ts'
import type { Daemon } from './daemon.ts'

/** Manage a daemon by its Unix socket, as an admin. */
export async function operate(daemon: Daemon): Promise<RawClient> {
  const client = await greeted({ path: join(daemon.folders.runtime, 'proxyd.sock') })
  await started(client)
  return client
}

/** Change settings as they are now; resolves to the reply's result. */
export async function set(client: RawClient, patch: object, more: object = {}) {
  const { revision } = (await client.call('config.get')).result
  const { result, error } = await client.call('config.set', { revision, patch, ...more })
  expect(error).toBeUndefined()
  return result
}
