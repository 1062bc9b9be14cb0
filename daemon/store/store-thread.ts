import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { explain } from './sqlite-errors.ts'
import { databaseIn, openSqliteStore, type SqliteStore } from './sqlite-store.ts'
import type { StoreError } from './store.ts'

/** The thread that waits for the disk, so that nobody's login or name does: it opens the store and answers calls, one by one, but for a backup. */

/** A call of one of the store's parts. */
export interface Call {
  readonly ticket: number
  readonly part:
    | 'users'
    | 'groups'
    | 'usage'
    | 'operators'
    | 'settings'
    | 'bans'
    | 'known'
    | 'rules'
    | 'audit'
    | 'imports'
    | 'backups'
    | 'watches'
  readonly method: string
  readonly given: readonly unknown[]
}

/** To it: calls, and the order to close. */
export type ToStore = Call | 'close'

/** From it: that it is open, or why it ends, under ticket 0; then the outcome of each call. */
export interface FromStore {
  readonly ticket: number
  readonly result?: unknown
  readonly error?: { readonly problem: StoreError['problem']; readonly message: string }
}

const folder: string = workerData
const port = parentPort as MessagePort

let store: SqliteStore | undefined
void answer(0, () => {
  store = openSqliteStore(folder)
})
if (store) serve(store)

function serve(store: SqliteStore): void {
  port.on('message', (message: ToStore) => {
    if (message === 'close') {
      store.close()
      port.close()
    } else {
      const { ticket, part, method, given } = message
      const calls = store[part] as unknown as Readonly<Record<string, (...given: readonly unknown[]) => unknown>>
      void answer(ticket, () => calls[method](...given))
    }
  })
}

async function answer(ticket: number, work: () => unknown): Promise<void> {
  port.postMessage(await outcomeOf(ticket, work))
}

async function outcomeOf(ticket: number, work: () => unknown): Promise<FromStore> {
  try {
    return { ticket, result: await work() }
  } catch (cause) {
    const { problem, message } = explain(databaseIn(folder), cause)
    return { ticket, error: { problem, message } }
  }
}
