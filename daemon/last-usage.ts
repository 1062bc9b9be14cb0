import { openNamedStore, type StoreSettings } from './named-store.ts'
import { type UsageBatch, usageCells, usageWidth } from './store/store.ts'

/**
 * Stores what users have moved in this process since its successor, which had the store, has crashed: beside what is there by now. Rejects
 * with a StoreError, as where another daemon has been started meanwhile.
 */
export async function storeLast(settings: StoreSettings, batch: UsageBatch): Promise<void> {
  const store = await openNamedStore(settings)
  try {
    const stored = new Map((await store.usage.list()).map((usage) => [usage.user, usage]))
    const rows = batch.rows.slice()
    for (let at = 0; at < rows.length; at += usageWidth) {
      const cell = (name: keyof typeof usageCells) => rows[at + usageCells[name]] as number
      const { up, down, mark, marked } = stored.get(cell('user')) ?? { up: 0, down: 0, mark: 0, marked: 0 }
      const now = { up: up + cell('moreUp'), down: down + cell('moreDown'), mark, marked }
      for (const [name, value] of Object.entries(now)) rows[at + usageCells[name as keyof typeof now]] = value
    }
    await store.usage.save({ ...batch, rows })
  } finally {
    await store.close()
  }
}
