import type { Worker } from 'node:worker_threads'
import { replacedProgram, startThread as startProgram, ThreadFile } from '../os/thread-file.ts'
import { LendableStore, type Part } from './lendable-store.ts'
import { dropCopy } from './lent-database.ts'
import { type Elsewhere, type Store, StoreError } from './store.ts'
import type { FromStore, StoreOrder, ToStore } from './store-messages.ts'

const threadFile = ThreadFile.beside(import.meta.url, 'store-thread')

/**
 * Opens the store in `folder`, made if missing, on a thread of its own: what is asked of it waits for the disk, and nobody
 * else does. Rejects with a StoreError.
 *
 * Should the thread fail, so do the calls that it has not answered; what it has confirmed is on disk, and the next call
 * starts another one, unless that would be of another program, which might bring the store to a schema of its own.
 */
export async function openStore(folder: string, file: ThreadFile = threadFile): Promise<Store> {
  const store = new ThreadedStore(folder, file)
  await store.open()
  return store
}

class ThreadedStore extends LendableStore {
  readonly fleet = undefined
  readonly #folder: string
  readonly #file: ThreadFile
  #thread: Promise<StoreThread> | undefined

  constructor(folder: string, file: ThreadFile) {
    super(`the store in ${folder}`)
    this.#folder = folder
    this.#file = file
  }

  /** Starts the thread if there is none. */
  open(): Promise<StoreThread> {
    if (this.#thread) return this.#thread
    const thread = startThread(this.#folder, this.#file)
    this.#thread = thread
    const forget = () => {
      if (this.#thread === thread) this.#thread = undefined
    }
    thread.then(({ ended }) => ended.then(forget), forget)
    return thread
  }

  protected async call(part: Part, method: string, given: readonly unknown[]): Promise<unknown> {
    const thread = await this.open()
    return thread.ask(part, method, given)
  }

  async shrink(): Promise<void> {
    await (await this.#thread)?.order('shrink')
  }

  protected async lendIt(keepsCopy: boolean): Promise<void> {
    await (await this.open()).order(keepsCopy ? 'lendCopied' : 'lend')
  }

  protected async takeItBack(): Promise<void> {
    try {
      await (await this.open()).order('takeBack')
    } catch (error) {
      // The next call has another thread try again.
      await (await this.#thread)?.close()
      throw error
    }
  }

  protected giveItAway(): void {
    dropCopy(this.#folder)
    // What it has is another's, and it may be hours to the end of this process.
    void this.#thread?.then((thread) => thread.close()).catch(() => {})
  }

  protected askGivenAway(
    part: Part,
    method: string,
    given: readonly unknown[],
    elsewhere: Elsewhere,
  ): Promise<unknown> {
    return elsewhere.read(part, method, given)
  }

  protected async closeIt(): Promise<void> {
    await (await this.#thread)?.close()
  }
}

/** Resolves when the thread has opened the store; rejects with a StoreError if it cannot. */
async function startThread(folder: string, file: ThreadFile): Promise<StoreThread> {
  if (file.isReplaced) throw new StoreError('failed', replacedProgram)
  const thread = beginThread(folder, file)
  try {
    await thread.opened
    return thread
  } catch (error) {
    await thread.ended
    throw error
  }
}

function beginThread(folder: string, file: ThreadFile): StoreThread {
  try {
    return new StoreThread(folder, file.url)
  } catch (error) {
    throw new StoreError('failed', (error as Error).message)
  }
}

/** The caller's end of the thread. */
class StoreThread {
  readonly opened: Promise<unknown>
  readonly ended: Promise<void>
  readonly #worker: Worker
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>()
  #lastTicket = 0

  constructor(folder: string, file: URL) {
    // Flags of the process, such as --eval, are not for it.
    this.#worker = startProgram(file, { workerData: folder, name: 'store', execArgv: [] })
    this.opened = this.#wait(0)
    this.#worker.on('message', ({ ticket, result, error }: FromStore) => {
      const call = this.#calls.get(ticket)
      this.#calls.delete(ticket)
      if (error) call?.reject(new StoreError(error.problem, error.message))
      else call?.resolve(result)
    })
    let reason = 'it ended'
    this.#worker.on('error', (error: Error) => {
      reason = error.message
    })
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        const why = `the thread that keeps the store in ${folder} failed (${reason}): try again`
        for (const call of this.#calls.values()) call.reject(new StoreError('failed', why))
        resolve()
      })
    })
  }

  ask(part: Part, method: string, given: readonly unknown[]): Promise<unknown> {
    const ticket = ++this.#lastTicket
    this.#worker.postMessage({ ticket, part, method, given } satisfies ToStore)
    return this.#wait(ticket)
  }

  /** Rejects with a StoreError. The thread is the same before and behind: its program may be another's on the disk by then. */
  order(order: StoreOrder): Promise<unknown> {
    const ticket = ++this.#lastTicket
    this.#worker.postMessage({ ticket, order } satisfies ToStore)
    return this.#wait(ticket)
  }

  /** Resolves when what was asked before is done and the thread has gone. */
  close(): Promise<void> {
    this.#worker.postMessage('close' satisfies ToStore)
    return this.ended
  }

  #wait(ticket: number): Promise<unknown> {
    const call = Promise.withResolvers<unknown>()
    this.#calls.set(ticket, call)
    return call.promise
  }
}
