import { setTimeout as wait } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { counted } from '../../shared/format/count.ts'
import type { AccessEntry, Result } from '../../shared/protocol/methods.ts'
import { tellObservers } from '../contained.ts'
import type { SessionTable } from '../engine/session-table.ts'
import { replacedProgram, startThread, ThreadFile } from '../os/thread-file.ts'
import { Refusal } from '../refusal.ts'
import { entryFilter } from './entry-filter.ts'
import { foreseeLogFile, foreseeRotation } from './log-file.ts'
import type { FollowWish, FromLog, ListWish, LogSettings, LogThreadOptions, ToLog } from './messages.ts'

const threadFile = ThreadFile.beside(import.meta.url, 'log-thread')

/** Milliseconds that the end of the daemon waits for the last lines, should a disk hang. */
const closingTime = 20_000
/** Milliseconds between the failure of a thread and the start of another one. */
const restartPause = 1000

/** Milliseconds between two looks at which file has the name, where another process moves it aside. */
const reopenPeriod = 1_000

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
  readonly #threadFile: ThreadFile
  readonly #warn: (message: string) => void
  #settings: LogSettings
  #subjects: Subjects | undefined
  #thread: Worker | undefined
  #restart: NodeJS.Timeout | undefined
  #state: AccessLogState = { dropped: 0, problem: null }
  readonly #lists = new Map<number, PromiseWithResolvers<Result<'access.list'>>>()
  readonly #followers = new Map<number, Follower>()
  /** Written by the thread, whichever it is. */
  readonly #written = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT))
  #lastTicket = 0
  #rotates = true

  /** Throws a Refusal for a file that cannot be written to. */
  constructor(settings: LogSettings, warn: (message: string) => void, file: ThreadFile = threadFile) {
    this.#threadFile = file
    this.foresee(settings)
    this.#settings = settings
    this.#warn = warn
  }

  /** Undefined while there is no file. */
  get state(): AccessLogState | undefined {
    return this.#settings.file === undefined ? undefined : this.#state
  }

  /** Lines for the file so far. */
  get written(): number {
    return this.#written[0]
  }

  /** Entries that are in no file although they should be. */
  get dropped(): number {
    return this.#state.dropped
  }

  /** From now on these are told of; once. What has ended by then is told of, too. */
  watch(subjects: Subjects): void {
    this.#subjects = subjects
    if (this.#settings.file !== undefined) this.#start(subjects.tables.map(() => 0))
  }

  /** From now on this index is somebody else's. */
  begin({ index, name }: { readonly index: number; readonly name: string }): void {
    this.#thread?.postMessage({ kind: 'users', users: [[index, name]], from: performance.now() } satisfies ToLog)
  }

  /** Throws a Refusal for a file that cannot be written to, made or moved aside, or holds something else; it is made. Or for want of a thread. */
  foresee({ file, rotation }: LogSettings): void {
    if (file === undefined) return
    this.#foreseeThread()
    if (file === '-') return
    foreseeRotation(file, rotation)
    foreseeLogFile(file)
  }

  /**
   * Another process, which writes the same file, moves it aside when it is full: from now on this one leaves that to it, and looks
   * again and again for the file that has the name.
   */
  leaveRotation(): void {
    this.#rotates = false
    this.tune(this.#settings)
    setInterval(() => this.reopen(), reopenPeriod).unref()
  }

  /** Goes by other settings. */
  tune(wanted: LogSettings): void {
    const settings = this.#rotates ? wanted : { ...wanted, rotation: { ...wanted.rotation, size: 0 } }
    if (isDeepStrictEqual(settings, this.#settings)) return
    this.#settings = settings
    if (this.#thread) this.#tell({ kind: 'settings', settings })
    else if (settings.file !== undefined) this.#start()
  }

  /** Goes on in the file that has the name now. */
  reopen(): void {
    this.#thread?.postMessage({ kind: 'reopen' } satisfies ToLog)
  }

  /** Refused with `invalid` for a cursor or a filter that is none, and with `unavailable` for want of a thread. */
  async list(wish: ListWish): Promise<Result<'access.list'>> {
    this.#foreseeThread()
    const ticket = ++this.#lastTicket
    const listed = Promise.withResolvers<Result<'access.list'>>()
    this.#lists.set(ticket, listed)
    this.#tell({ kind: 'list', ticket, wish })
    return listed.promise
  }

  /**
   * Has somebody hear entries from now on, until `stop`; `begun` are the last ones before. Throws a Refusal for a filter
   * that is none, and for want of a thread.
   */
  follow(wish: FollowWish, hear: Hear): { readonly begun: Promise<readonly AccessEntry[]>; stop(): void } {
    entryFilter(wish.filter ?? '')
    this.#foreseeThread()
    const ticket = ++this.#lastTicket
    const begun = Promise.withResolvers<readonly AccessEntry[]>()
    this.#followers.set(ticket, { wish, begun, hear })
    this.#tell({ kind: 'follow', ticket, wish })
    const stop = () => {
      if (this.#followers.delete(ticket)) this.#tell({ kind: 'unfollow', ticket })
      begun.resolve([])
    }
    return { begun: begun.promise, stop }
  }

  /** Writes what is still to be written. The tables are read once more: who ends the sessions has done so. */
  async close(): Promise<void> {
    const thread = this.#thread
    // Whoever still asks does not have another one begun.
    this.#subjects = undefined
    this.#thread = undefined
    if (!thread) return
    const ended = new Promise((resolve) => thread.once('exit', resolve))
    thread.postMessage({ kind: 'close' } satisfies ToLog)
    await Promise.race([ended, wait(closingTime, undefined, { ref: false })])
  }

  /** Sessions of this process, as another program's thread would see them, might be anything. Throws a Refusal if there is no thread and none of ours to be had. */
  #foreseeThread(): void {
    if (!this.#thread && this.#threadFile.isReplaced) throw new Refusal('unavailable', replacedProgram)
  }

  #tell(message: ToLog): void {
    const thread = this.#thread ?? this.#start()
    thread?.postMessage(message)
  }

  /** Tells of what ends from now on, or after so many in each table. */
  #start(from?: readonly number[]): Worker | undefined {
    if (!this.#subjects) return undefined
    const { tables, tag, users } = this.#subjects
    const options: LogThreadOptions = {
      tables: tables.map(({ capacity, buffer }) => ({ capacity, buffer })),
      from: from ?? tables.map(({ endings }) => endings.count),
      tag,
      settings: this.#settings,
      written: this.#written.buffer,
      dropped: this.#state.dropped,
    }
    // Flags of the process, such as --eval, are not for it.
    const given = { workerData: options, name: 'access log', execArgv: [] }
    let thread: Worker
    try {
      thread = startThread(this.#threadFile.url, given)
    } catch (error) {
      this.#failed(error as Error)
      return undefined
    }
    this.#thread = thread
    thread.postMessage({ kind: 'users', users: users(), from: Number.NEGATIVE_INFINITY } satisfies ToLog)
    thread.on('message', (message: FromLog) => tellObservers([() => this.#hear(message)]))
    thread.on('error', (error) => this.#failed(error as Error))
    return thread
  }

  /** Nobody is served the less for it: another thread begins, for those who want to know. */
  #failed({ message }: Error): void {
    this.#thread = undefined
    const failure = `the thread of the access log failed (${message})`
    const mend = this.#threadFile.isReplaced ? replacedProgram : 'what ends until there is another is missing in it'
    this.#state = { ...this.#state, problem: failure }
    this.#warn(`${failure}: ${mend}`)
    for (const list of this.#lists.values()) list.reject(new Refusal('unavailable', `${failure}: try again`))
    this.#lists.clear()
    if (this.#threadFile.isReplaced) return
    this.#restart ??= setTimeout(() => {
      this.#restart = undefined
      const isWanted = this.#settings.file !== undefined || this.#followers.size > 0
      if (isWanted && !this.#thread && !this.#start()) return
      for (const [ticket, { wish }] of this.#followers)
        this.#tell({ kind: 'follow', ticket, wish: { ...wish, history: 0 } })
    }, restartPause).unref()
  }

  #hear(message: FromLog): void {
    switch (message.kind) {
      case 'listed':
        this.#lists.get(message.ticket)?.resolve(message.page)
        this.#lists.delete(message.ticket)
        return
      case 'refused': {
        const { ticket, why, reason } = message
        const asked = this.#lists.get(ticket) ?? this.#followers.get(ticket)?.begun
        this.#lists.delete(ticket)
        this.#followers.delete(ticket)
        return asked?.reject(new Refusal(why, reason))
      }
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
  readonly wish: FollowWish
  readonly begun: PromiseWithResolvers<readonly AccessEntry[]>
  readonly hear: Hear
}
