import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { counted } from '../../shared/format/count.ts'
import type { AccessEntry, Params, Result } from '../../shared/protocol/methods.ts'
import type { SessionTable } from '../engine/session-table.ts'
import { Refusal } from '../refusal.ts'
import { openLogFile } from './log-file.ts'
import type { FromLog, LogSettings, LogThreadOptions, ToLog } from './messages.ts'

/** Beside this file: the source when it runs as such, the bundle's own file when it is bundled. */
const threadFile = new URL(import.meta.url.endsWith('.ts') ? './log-thread.ts' : './log-thread.js', import.meta.url)

/** Milliseconds that the end of the daemon waits for the last lines. */
const closingTime = 5000

/** How it goes. */
export interface AccessLogState {
  /** Entries that are missing in the file. */
  readonly dropped: number
  /** Why lines cannot be written; null if they can. */
  readonly problem: string | null
}

/** The sessions that are told of, and whose they are. */
export interface Subjects {
  readonly tables: readonly SessionTable[]
  /** Begins the ids of all connections. */
  readonly tag: string
  /** All indices that were given until now, and to whom. */
  users(): (readonly [index: number, name: string])[]
}

/** Hears entries, as a JSON array, and how many before them are missing; calls `taken` once they are on their way. */
export type Hear = (entries: string, missed: number, taken: () => void) => void

/**
 * What became of sessions, written to a file and told to those who follow, all on a thread of its own, which there is from
 * the first time that somebody wants to know.
 */
export class AccessLog {
  readonly #warn: (message: string) => void
  #settings: LogSettings
  #subjects: Subjects | undefined
  #thread: Worker | undefined
  #state: AccessLogState = { dropped: 0, problem: null }
  readonly #pages = new Map<number, PromiseWithResolvers<Result<'access.list'> | undefined>>()
  readonly #followers = new Map<number, Follower>()
  #lastTicket = 0

  /** Throws a Refusal for a file that cannot be written to. */
  constructor(settings: LogSettings, warn: (message: string) => void) {
    this.foresee(settings)
    this.#settings = settings
    this.#warn = warn
  }

  get state(): AccessLogState {
    return this.#state
  }

  /** From now on these are told of; once. What has ended by then is told of, too. */
  watch(subjects: Subjects): void {
    this.#subjects = subjects
    if (this.#settings.file !== undefined)
      this.#start(
        subjects,
        subjects.tables.map(() => 0),
      )
  }

  /** From now on this index is somebody else's. */
  begin({ index, name }: { readonly index: number; readonly name: string }): void {
    this.#thread?.postMessage({ kind: 'users', users: [[index, name]], from: performance.now() } satisfies ToLog)
  }

  /** Throws a Refusal for a file that cannot be written to, or made; it is made. */
  foresee({ file }: LogSettings): void {
    if (file !== undefined && file !== '-') closeSync(openLogFile(file))
  }

  /** Goes by other settings. */
  tune(settings: LogSettings): void {
    this.#settings = settings
    if (settings.file !== undefined || this.#thread) this.#tell({ kind: 'settings', settings })
  }

  /** Goes on in the file that has the name now. */
  reopen(): void {
    this.#thread?.postMessage({ kind: 'reopen' } satisfies ToLog)
  }

  /** Refused with `invalid` for a cursor that is none. */
  async list({ limit = 500, cursor }: Params<'access.list'>): Promise<Result<'access.list'>> {
    const ticket = ++this.#lastTicket
    const listed = Promise.withResolvers<Result<'access.list'> | undefined>()
    this.#pages.set(ticket, listed)
    this.#tell({ kind: 'list', ticket, limit, cursor })
    const page = await listed.promise
    if (!page) throw new Refusal('invalid', 'no such cursor')
    return page
  }

  /** Has somebody hear entries from now on, until `stop`; `begun` are the last ones before. */
  follow(history: number, hear: Hear): { readonly begun: Promise<readonly AccessEntry[]>; stop(): void } {
    const ticket = ++this.#lastTicket
    const begun = Promise.withResolvers<readonly AccessEntry[]>()
    this.#followers.set(ticket, { begun, hear })
    this.#tell({ kind: 'follow', ticket, history })
    const stop = () => {
      if (this.#followers.delete(ticket)) this.#tell({ kind: 'unfollow', ticket })
      begun.resolve([])
    }
    return { begun: begun.promise, stop }
  }

  /** Writes what is still to be written. The tables are read once more: who ends the sessions has done so. */
  async close(): Promise<void> {
    if (!this.#thread) return
    const ended = once(this.#thread, 'exit')
    this.#tell({ kind: 'close' })
    await Promise.race([ended, wait(closingTime, undefined, { ref: false })])
  }

  #tell(message: ToLog): void {
    if (!this.#subjects) return
    const thread =
      this.#thread ??
      this.#start(
        this.#subjects,
        this.#subjects.tables.map(({ endings }) => endings.count),
      )
    thread.postMessage(message)
  }

  #start({ tables, tag, users }: Subjects, from: readonly number[]): Worker {
    const options: LogThreadOptions = {
      tables: tables.map(({ capacity, buffer }) => ({ capacity, buffer })),
      from,
      tag,
      settings: this.#settings,
    }
    // Flags of the process, such as --eval, are not for it.
    const thread = new Worker(threadFile, { workerData: options, name: 'access log', execArgv: [] })
    this.#thread = thread
    thread.postMessage({ kind: 'users', users: users(), from: Number.NEGATIVE_INFINITY } satisfies ToLog)
    thread.on('message', (message: FromLog) => this.#hear(message))
    // A fault of ours, as in any other part.
    thread.on('error', (error) => {
      throw error
    })
    return thread
  }

  #hear(message: FromLog): void {
    switch (message.kind) {
      case 'listed':
        this.#pages.get(message.ticket)?.resolve(message.page)
        this.#pages.delete(message.ticket)
        return
      case 'followed':
        this.#followers.get(message.ticket)?.begun.resolve(message.entries)
        return
      case 'entries': {
        const { ticket, entries, missed } = message
        const taken = () => this.#tell({ kind: 'taken', ticket, characters: entries.length })
        this.#followers.get(ticket)?.hear(entries, missed, taken)
        return
      }
      case 'state': {
        const more = message.dropped - this.#state.dropped
        this.#state = { dropped: message.dropped, problem: message.problem }
        if (more > 0)
          this.#warn(`the access log is incomplete: ${counted(more, 'more connection')} could not be written down`)
        return
      }
      case 'warn':
        this.#warn(message.message)
    }
  }
}

interface Follower {
  readonly begun: PromiseWithResolvers<readonly AccessEntry[]>
  readonly hear: Hear
}
