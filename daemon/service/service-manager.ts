import { once } from 'node:events'
import { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'
import { isFor, type NamedSocket } from '../sockets/handed-sockets.ts'
import { keptName, keptNames } from './socket-names.ts'

/** As systemd sets them for a process that it starts. */
export interface ManagerVariables {
  /** Where it listens to what the process tells; undefined: nobody does. */
  readonly notifySocket: string | undefined
  /** Milliseconds without a sign of life after which it ends the process; undefined: however long. */
  readonly watchdog: number | undefined
  /** Listening sockets that it hands over, from descriptor 3 on, and how it calls them. */
  readonly sockets: readonly string[]
}

/** The first descriptor that is handed over: sd_listen_fds(3). */
export const firstSocket = 3

/** Milliseconds between two signs of life at least: what wants them more often is no watchdog, and would keep the daemon from its work. */
const shortestPeriod = 10

/** Milliseconds that a timer of Node takes at most; what is more is taken for 1. */
const longestPeriod = 2 ** 31 - 1

/** More than systemd hands over: a number beyond it is no count. */
const mostSockets = 65_536

const variables = [
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
] as const
/** Of these a successor, which is another process, takes no notice, or shall not. */
const ofThisProcess = ['WATCHDOG_PID', 'LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES'] as const

/** Takes the variables out of the environment, for no child to take them for its own. */
export function takeVariables(environment: NodeJS.ProcessEnv, pid: number): ManagerVariables {
  const [notifySocket, watchdog, watchdogPid = String(pid), count, listenPid, names = ''] = variables.map(
    (name) => environment[name],
  )
  for (const name of variables) delete environment[name]
  const isOurs = listenPid === String(pid)
  const listed = names.split(':')
  const length = isOurs ? Math.min(Number(count) || 0, mostSockets) : 0
  const sockets = Array.from({ length }, (_, i) => listed[i] ?? '')
  const period = watchdogPid === String(pid) ? Number(watchdog) / 1000 : 0
  return { notifySocket: notifySocket || undefined, watchdog: period > 0 ? period : undefined, sockets }
}

/** What a successor may have of an environment. */
export function forSuccessor(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const left = { ...environment }
  for (const name of ofThisProcess) delete left[name]
  return left
}

/**
 * Tells systemd how the service does, if it wants to hear (sd_notify(3)), in the order of the calls. Without koffi it cannot be told,
 * and `warn` hears of it. While another process is the service, this one says nothing.
 */
export class ServiceManager {
  readonly #variables: ManagerVariables
  readonly #warn: (message: string) => void
  #last: Promise<unknown> = Promise.resolve()
  #isOver = false
  /** Why it did not hear the last thing that it was told. */
  #trouble: string | undefined
  #status = ''
  #watching: NodeJS.Timeout | undefined
  #answers: (() => Promise<unknown>) | undefined

  constructor(variables: ManagerVariables, warn: (message: string) => void) {
    this.#variables = variables
    this.#warn = warn
  }

  /** The names of the sockets that it hands over, from the descriptor `firstSocket` on. */
  get sockets(): readonly string[] {
    return this.#variables.sockets
  }

  /** The daemon serves; `status` says so to people. */
  ready(status: string): Promise<void> {
    this.#status = status
    return this.#tell([`READY=1\nSTATUS=${status}`])
  }

  /** Tells that it reads its files again, and when it has. */
  async reloading<T>(work: () => Promise<T>): Promise<T> {
    // That of the kernel's CLOCK_MONOTONIC, by which systemd knows this from an older one.
    void this.#tell([`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`])
    try {
      return await work()
    } finally {
      void this.ready(this.#status)
    }
  }

  /** Tells people how it does. */
  status(text: string): Promise<void> {
    this.#status = text
    return this.#tell([`STATUS=${text}`])
  }

  stopping(): Promise<void> {
    return this.#tell(['STOPPING=1'])
  }

  /** Has it keep these listening sockets, and no others, for the next process, should this one end, however that is. */
  async keep(sockets: readonly NamedSocket[]): Promise<void> {
    if (this.#variables.notifySocket === undefined) return
    const { mostDescriptors } = await import('../os/notify.ts')
    void this.forget(keptNames)
    const lasting = sockets.filter(({ isLasting }) => isLasting)
    const own = sockets.filter((socket) => !lasting.some((one) => one.role === socket.role && isFor(one, socket)))
    const byName = Map.groupBy(own, keptName)
    for (const [name, ofName] of byName) {
      if (name === undefined) continue
      for (let i = 0; i < ofName.length; i += mostDescriptors) {
        const some = ofName.slice(i, i + mostDescriptors).map(({ fd }) => fd)
        void this.#tell([`FDSTORE=1\nFDNAME=${name}`, some])
      }
    }
    await this.#last
  }

  /** Has it forget sockets of these names. */
  forget(names: Iterable<string>): Promise<void> {
    for (const name of names) void this.#tell([`FDSTOREREMOVE=1\nFDNAME=${name}`])
    return this.#last.then(() => {})
  }

  /** Gives signs of life as long as `answers` resolves, twice in the time that there is for one. */
  watch(answers: () => Promise<unknown>): void {
    this.#answers = answers
    const { watchdog, notifySocket } = this.#variables
    if (watchdog === undefined || notifySocket === undefined) return
    let isAsked = false
    const look = async () => {
      if (isAsked) return
      isAsked = true
      await answers()
      isAsked = false
      await this.#tell(['WATCHDOG=1'])
    }
    this.#watching = setInterval(
      () => void look(),
      Math.min(Math.max(watchdog / 2, shortestPeriod), longestPeriod),
    ).unref()
    void look()
  }

  /** Another process is the service from now on. */
  leave(pid: number): void {
    void this.#tell([`MAINPID=${pid}`])
    this.#isOver = true
    clearInterval(this.#watching)
  }

  /** That process has gone, and this one is the service again: how it ends tells whether another one is to be started. */
  comeBack(): void {
    this.#isOver = false
    void this.#tell([`MAINPID=${process.pid}\nSTATUS=${this.#status}`])
    if (this.#answers) this.watch(this.#answers)
  }

  /**
   * Resolves when systemd has dealt with all that it was told, such as closed the sockets that it was to forget, or after a second if
   * it is stuck. Of a process that has gone before that, it could not tell whose the words are.
   */
  async told(): Promise<void> {
    const over = new AbortController()
    const late = setTimeout(1000, undefined, { signal: over.signal }).catch(() => {})
    await Promise.race([this.#dealtWith(), late])
    over.abort()
  }

  async #dealtWith(): Promise<void> {
    await this.#last
    const { notifySocket } = this.#variables
    if (notifySocket === undefined) return
    // What fails here has been warned of.
    const { notifyBarrier } = await import('../os/notify.ts').catch(() => ({ notifyBarrier: () => -1 }))
    const fd = notifyBarrier(notifySocket)
    if (fd < 0) return
    const sign = new Socket({ fd, writable: false }).resume()
    await once(sign, 'close').catch(() => {})
  }

  #tell([lines, descriptors]: readonly [lines: string, descriptors?: readonly number[]]): Promise<void> {
    const { notifySocket } = this.#variables
    if (notifySocket === undefined || this.#isOver) return Promise.resolve()
    const told = this.#last.then(async () => {
      const [said = ''] = lines.split('\n')
      try {
        const { notify } = await import('../os/notify.ts')
        const result = notify(notifySocket, lines, descriptors)
        this.#heard(said, result < 0 ? whyDeaf(result, notifySocket) : undefined)
      } catch (error) {
        this.#heard(said, `${(error as Error).message}: npm install koffi if it is missing`)
      }
    })
    this.#last = told
    return told
  }

  /** Each trouble is told of once, until systemd hears again: signs of life come by the second. */
  #heard(said: string, trouble: string | undefined): void {
    if (trouble !== undefined && trouble !== this.#trouble) this.#warn(`systemd does not hear ${said}: ${trouble}`)
    this.#trouble = trouble
  }
}

/** For people. `error`: a negated errno. */
function whyDeaf(error: number, socket: string): string {
  const place = `NOTIFY_SOCKET (${socket})`
  const code = getSystemErrorName(error)
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return `nobody listens at ${place}`
  if (code === 'ENAMETOOLONG') return `the path of ${place} is longer than that of a socket can be`
  if (code === 'EAGAIN') return 'it does not read what it is told'
  return `${place} takes nothing (${code}: ${getSystemErrorMessage(error)})`
}
