import { isDeepStrictEqual } from 'node:util'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { limits } from '../../shared/protocol/limits.ts'
import type { AccessEntry, Result } from '../../shared/protocol/methods.ts'
import { SessionTable } from '../engine/session-table.ts'
import { WallClock } from '../observe/wall-clock.ts'
import { Refusal } from '../refusal.ts'
import { Collector } from './collector.ts'
import { listEnded } from './ended-entries.ts'
import { EntryReader } from './entry.ts'
import { entryFilter } from './entry-filter.ts'
import { Follower, News } from './follower.ts'
import { lineOf } from './line.ts'
import { LogFile, type Rotation } from './log-file.ts'
import { searchLog } from './log-search.ts'
import type { FollowWish, FromLog, ListWish, LogSettings, LogThreadOptions, ToLog } from './messages.ts'
import { UserNames } from './user-names.ts'

/** The thread that writes down what became of sessions, so that neither the loops nor the main thread have to do with it. */

/** Milliseconds between two looks at what has ended; the tables remember a sixth of a second of 50,000 a second. */
const lookPeriod = 25
/** Milliseconds between two looks at what lives, in multiples of the above. */
const liveLooks = 10
/** What is written at once: so many bytes, or what has come in so many milliseconds. */
const writeBytes = 64 * 1024
const writePeriod = 1000
/** Milliseconds between two words about how it goes. */
const statePeriod = 1000

class LogThread {
  readonly #port: MessagePort
  readonly #tables: readonly SessionTable[]
  readonly #users = new UserNames()
  readonly #wall = new WallClock()
  readonly #reader: EntryReader
  readonly #collector: Collector
  /** In one cell, for the main thread: lines for the file so far. */
  readonly #lines: Float64Array
  readonly #followers = new Map<number, Follower>()
  #settings: LogSettings
  #rotation: Rotation | undefined
  #file: LogFile | undefined
  #problem: string | null = null
  /** Entries that are in no file: all there were, and those that are to be told of in the file. */
  #dropped = 0
  #untold = 0
  #timer: NodeJS.Timeout | undefined
  #looks = 0
  /** Of `performance.now`. */
  #written = performance.now()
  /** As the main thread has heard of it from this one. */
  #state: { readonly dropped: number; readonly problem: string | null } | undefined
  #told = performance.now()

  constructor(port: MessagePort, { tables, from, tag, settings, written, dropped }: LogThreadOptions) {
    this.#port = port
    this.#tables = tables.map(({ capacity, buffer }) => new SessionTable(capacity, buffer))
    this.#reader = new EntryReader(tag, this.#users, this.#wall)
    this.#collector = new Collector(this.#tables, this.#reader, from)
    this.#settings = settings
    this.#lines = new Float64Array(written)
    this.#dropped = dropped
    port.on('message', (message: ToLog) => this.#hear(message))
    this.#obey(settings)
  }

  #hear(message: ToLog): void {
    switch (message.kind) {
      case 'settings':
        // What has ended by now is told as it was wanted then.
        this.#catchUp()
        return this.#obey(message.settings)
      case 'users':
        for (const [index, name] of message.users) this.#users.give(index, name, message.from)
        return
      case 'reopen':
        return this.#file?.reopen()
      case 'list':
        return this.#send(this.#answerTo(message.ticket, message.wish))
      case 'follow':
        return this.#follow(message.ticket, message.wish)
      case 'taken':
        return this.#followers.get(message.ticket)?.taken(message.characters)
      case 'unfollow':
        this.#followers.delete(message.ticket)
        return this.#wake()
      case 'close':
        return this.#close()
    }
  }

  #obey(settings: LogSettings): void {
    const { file, events, alive, mask, names, rotation } = settings
    this.#settings = settings
    this.#reader.discretion = { mask, names }
    this.#collector.wish = {
      end: events.includes('end'),
      start: events.includes('start'),
      alive: events.includes('alive') ? alive : undefined,
    }
    if (file !== this.#file?.path || !isDeepStrictEqual(rotation, this.#rotation)) {
      this.#closeFile()
      this.#file = file === undefined ? undefined : new LogFile(file, rotation, (problem) => this.#hearProblem(problem))
      this.#rotation = rotation
    }
    this.#wake()
  }

  #closeFile(): void {
    const lost = this.#file?.close() ?? 0
    this.#dropped += lost
    this.#problem = null
    this.#tellState()
  }

  #hearProblem(problem: string | undefined): void {
    this.#problem = problem ?? null
    const message =
      problem === undefined ? 'the access log is written again' : `${problem}; lines wait as far as there is room`
    this.#send({ kind: 'warn', message })
  }

  /** Looks only as long as somebody wants to know. */
  #wake(): void {
    const isWanted = this.#file !== undefined || this.#followers.size > 0
    if (!isWanted) {
      clearInterval(this.#timer)
      this.#timer = undefined
    } else if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#look(), lookPeriod)
    }
  }

  #answerTo(ticket: number, wish: ListWish): Extract<FromLog, { kind: 'listed' | 'refused' }> {
    try {
      return { kind: 'listed', ticket, page: this.#list(wish) }
    } catch (error) {
      const { message } = error as Error
      if (error instanceof Refusal) return { kind: 'refused', ticket, why: 'invalid', reason: message }
      // Who asked for what a broken disk does not give is told so, and what ends meanwhile is written all the same.
      return { kind: 'refused', ticket, why: 'unavailable', reason: `the access log cannot be read: ${message}` }
    }
  }

  /** From the log's own files where there are any, which go back further than the tables. */
  #list({
    filter = '',
    since = Number.NEGATIVE_INFINITY,
    limit = limits.page,
    cursor,
  }: ListWish): Result<'access.list'> {
    const query = { matches: entryFilter(filter), since, limit, cursor }
    this.#catchUp()
    this.#file?.flush()
    if (!this.#file?.isFile) return listEnded(this.#tables, this.#reader, this.#collector.position, query)
    return searchLog(this.#file.path, this.#settings.rotation.count, query)
  }

  #follow(ticket: number, { filter = '', history = 0 }: FollowWish): void {
    const matches = entryFilter(filter)
    this.#catchUp()
    const answer = history === 0 ? undefined : this.#answerTo(ticket, { filter, limit: history })
    if (answer?.kind === 'refused') return this.#send(answer)
    this.#send({ kind: 'followed', ticket, entries: answer?.page.entries.reverse() ?? [] })
    const send = (entries: string, missed: number) => this.#send({ kind: 'entries', ticket, entries, missed })
    this.#followers.set(ticket, new Follower(matches, limits.unsent, send))
    this.#wake()
  }

  /** What has ended by now is told to whoever wanted to know until now, if anybody did. */
  #catchUp(): void {
    if (this.#timer !== undefined) return this.#look()
    this.#wall.look()
    this.#collector.skip()
  }

  #look(): void {
    this.#wall.look()
    const { entries, lost } = this.#collector.collectEnded()
    if (this.#looks++ % liveLooks === 0) entries.push(...this.#collector.collectLive(performance.now()))
    const news = entries.map((entry) => new News(entry))
    for (const follower of this.#followers.values()) follower.tell(news, lost)
    if (this.#file) this.#write(this.#file, entries, lost)
    if (performance.now() - this.#told >= statePeriod) this.#tellState()
  }

  #write(file: LogFile, entries: readonly AccessEntry[], lost: number): void {
    const format = lineOf[this.#settings.format]
    this.#lose(lost)
    for (const entry of entries) {
      this.#admitLoss(file)
      if (this.#untold > 0 || !file.add(format(entry))) this.#lose(1)
      else this.#lines[0]++
    }
    this.#admitLoss(file)
    const now = performance.now()
    const isDue = now - this.#written >= writePeriod
    if (!isDue && (file.waiting < writeBytes || this.#problem !== null)) return
    this.#written = now
    file.flush()
  }

  #lose(count: number): void {
    this.#dropped += count
    this.#untold += count
  }

  /** Writes down how many are missing, once there is room again. */
  #admitLoss(file: LogFile): void {
    if (this.#untold === 0) return
    const loss = { ts: this.#wall.tell(performance.now()), event: 'dropped', count: this.#untold } as const
    if (file.add(lineOf[this.#settings.format](loss))) this.#untold = 0
  }

  #tellState(): void {
    const state = { dropped: this.#dropped, problem: this.#problem }
    if (isDeepStrictEqual(state, this.#state)) return
    this.#told = performance.now()
    this.#state = state
    this.#send({ kind: 'state', ...state })
  }

  #close(): void {
    this.#catchUp()
    clearInterval(this.#timer)
    this.#closeFile()
    this.#port.close()
  }

  #send(message: FromLog): void {
    this.#port.postMessage(message)
  }
}

if (parentPort) new LogThread(parentPort, workerData)
