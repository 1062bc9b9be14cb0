import { expect, it } from 'vitest'
import { openStore } from '../../daemon/store/open-store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

it('keeps the known sources that were saved last', async () => {
  const folder = await temporaryFolder()
  let store = await openStore(folder)
  expect(await store.known.load()).toBeUndefined()
  await store.known.save({ saved: 1, entries: new Uint8Array(0) })
  const last = { saved: 1_800_000_000_000, entries: Uint8Array.of(0, 127, 128, 255) }
  await store.known.save(last)
  await store.close()
  store = await openStore(folder)
  expect(await store.known.load()).toEqual(last)
  await store.close()
})
