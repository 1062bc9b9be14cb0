import { Worker } from 'node:worker_threads'
import { tellObservers } from '../contained.ts'
import { dropCopy } from './lent-database.ts'
import { type ChangeListener, type Elsewhere, type Store, StoreError } from './store.ts'
import type { Call, FromStore, StoreOrder, ToStore } from './store-thread.ts'

/** Beside this file: the source when it runs as such, the bundle's own file when it is bundled. */
const threadFile = new URL(import.meta.url.endsWith('.ts') ? './store-thread.ts' : './store-thread.js', import.meta.url)

/**
 * Opens the store in `folder`, made if missing, on a thread of its own: what is asked of it waits for the disk, and nobody
 * else does. Rejects with a StoreError.
 *
 * Should the thread fail, so do the calls that it has not answered; what it has confirmed is on disk, and the next call
 * starts another one.
 */
export async function openStore(folder: string, file: URL = threadFile): Promise<Store> {
  const store = new ThreadedStore(folder, file)
  await store.open()
  return store
}

class ThreadedStore implements Store {
  readonly users: Store['users'] = {
    list: () => this.#ask('users', 'list'),
    named: (name) => this.#ask('users', 'named', name),
    insert: (user) => this.#change('users', 'insert', user),
    update: (user) => this.#change('users', 'update', user),
    setLimits: (changes) => this.#change('users', 'setLimits', changes),
    remove: (id) => this.#change('users', 'remove', id),
  }
  readonly groups: Store['groups'] = {
    list: () => this.#ask('groups', 'list'),
    put: (group) => this.#change('groups', 'put', group),
    remove: (name) => this.#change('groups', 'remove', name),
  }
  readonly usage: Store['usage'] = {
    list: () => this.#ask('usage', 'list'),
    save: (batch) => this.#change('usage', 'save', batch),
    read: (wish) => this.#ask('usage', 'read', wish),
  }
  readonly operators: Store['operators'] = {
    list: () => this.#ask('operators', 'list'),
    insert: (operator) => this.#change('operators', 'insert', operator),
    update: (operator) => this.#change('operators', 'update', operator),
    remove: (name) => this.#change('operators', 'remove', name),
    decoySecret: () => this.#ask('operators', 'decoySecret'),
  }
  readonly settings: Store['settings'] = {
    load: () => this.#ask('settings', 'load'),
    save: (revision, changes) => this.#change('settings', 'save', revision, changes),
  }
  readonly bans: Store['bans'] = {
    list: () => this.#ask('bans', 'list'),
    save: (changes) => this.#change('bans', 'save', changes),
  }
  readonly known: Store['known'] = {
    load: () => this.#ask('known', 'load'),
    save: (known) => this.#change('known', 'save', known),
  }
  readonly rules: Store['rules'] = {
    load: () => this.#ask('rules', 'load'),
    save: (rules) => this.#change('rules', 'save', rules),
  }
  readonly imports: Store['imports'] = {
    save: (changes) => this.#change('imports', 'save', changes),
  }
  readonly backups: Store['backups'] = {
    make: (file) => this.#ask('backups', 'make', file),
  }
  readonly audit: Store['audit'] = {
    append: (entries, kept) => this.#change('audit', 'append', entries, kept),
    list: (wish) => this.#ask('audit', 'list', wish),
  }
  readonly watches: Store['watches'] = {
    list: () => this.#ask('watches', 'list'),
    put: (watch) => this.#change('watches', 'put', watch),
    remove: (name) => this.#change('watches', 'remove', name),
  }
  readonly fleet = undefined
  readonly #folder: string
  readonly #file: URL
  readonly #listeners = new Set<ChangeListener>()
  #thread: Promise<StoreThread> | undefined
  #closed = false
  /** While another process may have it open. */
  #lent: PromiseWithResolvers<void> | undefined
  #elsewhere: Elsewhere | undefined

  constructor(folder: string, file: URL) {
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

  watch(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async lend(keepsCopy: boolean): Promise<void> {
    this.#lent = Promise.withResolvers()
    await (await this.open()).order(keepsCopy ? 'lendCopied' : 'lend')
  }

  async takeBack(): Promise<void> {
    try {
      await (await this.open()).order('takeBack')
    } catch (error) {
      // The next call has another thread try again.
      await (await this.#thread)?.close()
      throw error
    } finally {
      this.#lent?.resolve()
      this.#lent = undefined
    }
  }

  giveAway(elsewhere: Elsewhere): void {
    dropCopy(this.#folder)
    this.#elsewhere = elsewhere
    // What it has is another's, and it may be hours to the end of this process.
    void this.#thread?.then((thread) => thread.close()).catch(() => {})
    this.#lent?.resolve()
    this.#lent = undefined
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#lent?.resolve()
    await (await this.#thread)?.close()
  }

  async #ask<Result>(part: Call['part'], method: string, ...given: unknown[]): Promise<Result> {
    // No turn is given away in vain: a close that comes behind waits for what was asked before.
    if (this.#lent) await this.#lent.promise
    if (this.#closed) throw new StoreError('failed', `the store in ${this.#folder} is closed`)
    if (this.#elsewhere) return (await this.#elsewhere(part, method, given)) as Result
    const thread = await this.open()
    return (await thread.ask(part, method, given)) as Result
  }

  async #change<Result>(part: Call['part'], method: string, ...given: unknown[]): Promise<Result> {
    const began = performance.now()
    const tell = (error?: unknown) => {
      tellObservers(this.#listeners, performance.now() - began, error)
    }
    try {
      const result = await this.#ask<Result>(part, method, ...given)
      tell()
      return result
    } catch (error) {
      tell(error)
      throw error
    }
  }
}

/** Resolves when the thread has opened the store; rejects with a StoreError if it cannot. */
async function startThread(folder: string, file: URL): Promise<StoreThread> {
  const thread = new StoreThread(folder, file)
  try {
    await thread.opened
    return thread
  } catch (error) {
    await thread.ended
    throw error
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
    this.#worker = new Worker(file, { workerData: folder, name: 'store', execArgv: [] })
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

  ask(part: Call['part'], method: string, given: readonly unknown[]): Promise<unknown> {
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
