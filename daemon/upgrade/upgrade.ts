import { type ChildProcess, spawn } from 'node:child_process'
import { isSea } from 'node:sea'
import { whyNot } from '../../shared/file-trouble.ts'
import { contained } from '../contained.ts'
import { Refusal } from '../refusal.ts'
import type { NamedSocket } from '../sockets/handed-sockets.ts'
import { Channel } from './channel.ts'
import { type Estate, makesWay } from './predecessor.ts'
import { versionOnDisk } from './version-on-disk.ts'

/** What a daemon does about its successor, of which there is one at most. */
export interface Testator {
  readonly generation: number
  readonly cookie: string
  sockets(): readonly NamedSocket[]
  /** Lets go of all that only one process may have, to one of this version; after it, what is to be written waits. Rejects if it cannot, or when the signal says so. */
  lend(version: string, signal: AbortSignal): Promise<void>
  /** Goes on as if `lend` had not been called, wherever that has come to. */
  takeBack(): Promise<void>
  /** The successor serves: from now on it answers for all, over this channel. */
  leave(successor: Successor): void
  /** What the successor asks once it serves. */
  answer(question: string, given: unknown): unknown
}

export interface Successor {
  readonly pid: number
  readonly version: string
  readonly generation: number
  readonly channel: Channel
}

export interface UpgradeOptions {
  readonly testator: Testator
  /** As this process was started with, before it changed any of it. */
  readonly environment: NodeJS.ProcessEnv
  /** Milliseconds for the successor until it serves. */
  readonly patience: () => number
  /** Aborts when the daemon begins to come to its end. */
  readonly ends: () => AbortSignal
  readonly tell: (message: string) => void
  readonly warn: (message: string) => void
}

const comesToItsEnd = 'this daemon comes to its end'

/**
 * Puts the program as it is on the disk now in the place of this process, with the same arguments, and loses nothing: the
 * successor has all listening sockets before this process lets go of them, and whatever keeps it from serving leaves this one
 * as it was.
 */
export class Upgrade {
  readonly #options: UpgradeOptions
  #isUnderWay = false
  #isDone = false
  /** Resolves when the last one has come to its outcome, and what it had given away is taken back if need be. */
  settled: Promise<void> = Promise.resolve()

  constructor(options: UpgradeOptions) {
    this.#options = options
  }

  /** Resolves when the successor serves. Rejects with a Refusal if none does, and then nothing has changed. */
  async begin(asker: string): Promise<Omit<Successor, 'channel'>> {
    try {
      return await this.#begin(asker)
    } catch (error) {
      this.#options.warn(`an upgrade (${asker}) fails, and this process goes on as before: ${(error as Error).message}`)
      throw error
    }
  }

  async #begin(asker: string): Promise<Omit<Successor, 'channel'>> {
    if (this.#isUnderWay) throw new Refusal('conflict', 'an upgrade is under way already: wait for its outcome')
    if (this.#isDone || this.#options.ends().aborted)
      throw new Refusal('conflict', 'this daemon comes to its end: ask its successor, if it has one')
    refuseWhereTheEndIsNoticed(this.#options.environment)
    this.#isUnderWay = true
    const { promise, resolve } = Promise.withResolvers<void>()
    this.settled = promise
    try {
      const { channel: _, ...successor } = await this.#handOver(asker)
      this.#isDone = true
      return successor
    } finally {
      this.#isUnderWay = false
      resolve()
    }
  }

  async #handOver(asker: string): Promise<Successor> {
    const { testator, environment, patience, tell } = this.#options
    const [generation, limit, ends] = [testator.generation + 1, patience(), this.#options.ends()]
    const begun = performance.now()
    const version = await versionOnDisk(command('--version'), environment, limit)
    // Its sockets are closed by now, and a successor without any would serve nobody, for ever.
    if (ends.aborted) throw new Refusal('conflict', comesToItsEnd)
    const sockets = testator.sockets()
    const serves = Promise.withResolvers<void>()
    // Whatever program lies there, what it sends over the pipe must not end this process.
    const child = contained(
      () => {
        serves.reject(new Refusal('unavailable', 'the successor says what no proxyd says: see the log'))
        if (child.connected) child.disconnect()
      },
      () => start(environment, sockets),
    )
    tell(`an upgrade (${asker}): proxyd ${version} starts as the successor, generation ${generation}, pid ${child.pid}`)
    const over = new AbortController()
    let lent: Promise<void> | undefined
    const channel = new Channel(child, (question, given) => {
      switch (question) {
        case 'estate': {
          const names = sockets.map(({ fd: _, ...name }) => name)
          return { generation, cookie: testator.cookie, sockets: names } satisfies Estate
        }
        case 'lend':
          lent ??= testator.lend(version, over.signal)
          return lent
        case 'serves':
          return serves.resolve()
        case 'failed':
          return serves.reject(
            new Refusal('unavailable', `the successor does not start: ${(given as { reason: string }).reason}`),
          )
        default:
          return testator.answer(question, given)
      }
    })
    const ended = new Promise<void>((resolve) => {
      child.once('exit', (status, signal) => {
        const how = signal ? `was ended by ${signal}` : `ended with status ${status}`
        serves.reject(new Refusal('unavailable', `the successor ${how} before it served: see the log`))
        resolve()
      })
      child.once('error', (error) => {
        const why = whyNot(error, process.execPath, 'see to it')
        serves.reject(new Refusal('unavailable', `the successor cannot be started by ${process.execPath}: ${why}`))
        resolve()
      })
    })
    const timer = setTimeout(
      () => {
        serves.reject(
          new Refusal('unavailable', `the successor did not serve within ${limit / 1000} s (timeout-upgrade)`),
        )
      },
      limit - (performance.now() - begun),
    )
    const onEnd = () => serves.reject(new Refusal('conflict', comesToItsEnd))
    ends.addEventListener('abort', onEnd, { once: true })
    try {
      await serves.promise
    } catch (error) {
      child.kill('SIGKILL')
      await ended
      over.abort(error)
      await lent?.catch(() => {})
      await testator.takeBack()
      throw error
    } finally {
      clearTimeout(timer)
      ends.removeEventListener('abort', onEnd)
    }
    const successor = { pid: child.pid as number, version, generation, channel }
    tell(`the successor serves: this process takes no clients any more, and ends when those that it has have gone`)
    testator.leave(successor)
    return successor
  }
}

/** Where whoever has started this process takes its end for that of the service, nothing may be put in its place. */
function refuseWhereTheEndIsNoticed({ SYSTEMD_EXEC_PID, NOTIFY_SOCKET }: NodeJS.ProcessEnv): void {
  if (process.pid === 1) {
    throw new Refusal(
      'conflict',
      'this process is the first of its container, which ends with it: start another container beside it, and drain this one',
    )
  }
  if (SYSTEMD_EXEC_PID === String(process.pid) && NOTIFY_SOCKET === undefined) {
    throw new Refusal(
      'conflict',
      'systemd takes the end of this process for that of its unit: give the unit Type=notify, and restart it once',
    )
  }
}

/** The command that has started this process, with what lies there now: a Node with the program, or both in one file. */
function command(...args: readonly string[]): [string, string[]] {
  const program = isSea() ? [] : [...process.execArgv, process.argv[1] as string]
  return [process.execPath, [...program, ...args]]
}

function start(environment: NodeJS.ProcessEnv, sockets: readonly NamedSocket[]): ChildProcess {
  const [program, args] = command(...process.argv.slice(2))
  const handed = sockets.map(({ fd }) => fd)
  return spawn(program, args, {
    env: { ...environment, [makesWay]: String(process.pid) },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc', ...handed],
  })
}
