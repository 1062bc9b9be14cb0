import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { SettingsStore, Store } from '../../daemon/store/store.ts'
import type { SettingValue } from '../../shared/settings.ts'
import type { Open } from './contract.ts'

/** What every adapter of `SettingsStore` promises. */
export function testSettings(adapter: string, newPlace: () => Promise<Open>): void {
  describe(`${adapter}: settings`, () => {
    let open: Open
    let store: Store

    beforeEach(async () => {
      open = await newPlace()
      store = await open()
      onTestFinished(() => store.close())
    })

    it('are none at first, at revision 0', async () => {
      expect(await store.settings.load()).toEqual({ revision: 0, values: new Map() })
    })

    it('keep values of every type, and any name, to the byte', async () => {
      const values: Record<string, SettingValue> = {
        text: 'ü "😀" \u0000 \\',
        number: 3_600_000,
        flag: false,
        list: ['a', ''],
        null: 'null',
        "'; DROP TABLE settings; --": 0,
        '$.a[0]': 'path',
      }
      await save(store.settings, 1, values)
      expect(await store.settings.load()).toEqual({ revision: 1, values: new Map(Object.entries(values)) })
    })

    it('change alone, are taken back, and never lose the revision', async () => {
      await save(store.settings, 1, { kept: 1, changed: 1, forgotten: 1 })
      await save(store.settings, 2, { changed: 2 })
      await save(store.settings, 3, { forgotten: null, unheard: null })
      expect(await store.settings.load()).toEqual({
        revision: 3,
        values: new Map([
          ['changed', 2],
          ['kept', 1],
        ]),
      })
    })

    it('are there again after closing and opening', async () => {
      await save(store.settings, 7, { kept: true, forgotten: null })
      await store.close()
      store = await open()
      expect(await store.settings.load()).toEqual({ revision: 7, values: new Map([['kept', true]]) })
    })
  })
}

function save(settings: SettingsStore, revision: number, changes: Record<string, SettingValue | null>): Promise<void> {
  return settings.save(revision, new Map(Object.entries(changes)))
}
