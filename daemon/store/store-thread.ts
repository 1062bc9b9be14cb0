import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { shrinkHeap } from '../heap.ts'
import { keepCopy, openAgain } from './lent-database.ts'
import { explain } from './sqlite-errors.ts'
import { databaseIn, openSqliteStore, type SqliteStore } from './sqlite-store.ts'
import { StoreError } from './store.ts'
import type { FromStore, StoreOrder, ToStore } from './store-messages.ts'

/** The thread that waits for the disk, so that nobody's login or name does: it opens the store and answers calls, one by one, but for a backup. */

const folder: string = workerData
const port = parentPort as MessagePort

let store: SqliteStore | undefined
void answer(0, () => {
  store = openSqliteStore(folder)
})
if (store) port.on('message', hear)

const orders: { readonly [Order in StoreOrder]: () => void | Promise<void> } = {
  lend() {
    store?.own.refuseForeign()
    close()
  },
  async lendCopied() {
    store?.own.refuseForeign()
    if (store) await keepCopy(store, folder)
    close()
  },
  takeBack() {
    store ??= openAgain(folder)
  },
  shrink: shrinkHeap,
}

function hear(message: ToStore): void {
  if (message === 'close') {
    close()
    port.close()
  } else if ('order' in message) {
    void answer(message.ticket, () => orders[message.order]())
  } else {
    const { ticket, part, method, given } = message
    void answer(ticket, () => {
      if (!store) throw new StoreError('failed', `the store in ${folder} is closed`)
      const calls = store[part] as unknown as Readonly<Record<string, (...given: readonly unknown[]) => unknown>>
      const call = () => calls[method](...given)
      if (part !== 'backups') return store.own.in(call)
      // It writes nothing to the database, and is how to save one that is no longer in its place.
      store.own.refuseRewritten()
      return call()
    })
  }
}

function close(): void {
  store?.close()
  store = undefined
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
