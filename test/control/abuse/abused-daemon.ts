import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect } from 'vitest'
import { type Daemon, startDaemon } from '../../helpers/daemon.ts'
import { eventually } from '../../helpers/eventually.ts'
import { greeted, logIn, type RawClient, started } from '../raw-client.ts'

const MiB = 1024 * 1024

/** How much more may be alive in the daemon's main thread after an abuse than before. */
const mostKept = 30 * MiB
/** How much more memory the whole process may have taken meanwhile: garbage that waits for its collection included. */
const mostTaken = 160 * MiB

const collect = fileURLToPath(new URL('collect.ts', import.meta.url))

/** One proxyd for all tests of a file. */
export interface Abused {
  readonly daemon: Daemon
  readonly unix: { readonly path: string }
  readonly tcp: { readonly host: string; readonly port: number }
}

/**
 * Starts a daemon of its own for the tests of this file, and sees after the last one that its memory is as before the
 * first. What it gives can be used in tests only.
 */
export function abusedDaemon(args: readonly string[] = []): Abused {
  let running: Daemon | undefined
  beforeAll(async () => {
    const ends = new AsyncDisposableStack()
    running = await startDaemon(args, { atEnd: ends.defer.bind(ends), env: { NODE_OPTIONS: `--import=${collect}` } })
    const before = await aliveIn(running)
    return async () => {
      const after = running && (await aliveIn(running))
      await ends.disposeAsync()
      expect(after, 'bytes kept by all tests').toBeLessThan(before + mostKept)
    }
  })
  return {
    get daemon() {
      if (running === undefined) throw new Error('the daemon runs in tests only')
      return running
    },
    get unix() {
      return { path: `${this.daemon.folders.runtime}/proxyd.sock` }
    },
    get tcp() {
      return { host: '127.0.0.1', port: this.daemon.port('control') }
    },
  }
}

/** Connect by the Unix socket, as an admin. */
export async function admin({ unix }: Abused): Promise<RawClient> {
  const client = await greeted(unix)
  await started(client)
  return client
}

/** Connect by TCP and log in with the cookie, as an admin. */
export async function loggedIn(abused: Abused): Promise<RawClient> {
  const client = await greeted(abused.tcp)
  await started(client)
  expect((await logIn(client, cookieOf(abused))).result.role).toBe('admin')
  return client
}

export function cookieOf({ daemon }: Abused): string {
  return readFileSync(`${daemon.folders.runtime}/cookie`, 'latin1')
}

/** Send many requests in one go, their ids from 0. */
export function pipeline(client: RawClient, count: number, method: string, params: object = {}): void {
  client.send(...Array.from({ length: count }, (_, id) => ({ jsonrpc: '2.0', id, method, params })))
}

/**
 * Do something bad to the daemon, and expect that a client beside it is served meanwhile and afterwards, and that the
 * daemon's memory stays as it was. Gives how often the client was served before the abuse was over.
 */
export async function unharmedBy(abused: Abused, abuse: () => Promise<unknown>): Promise<number> {
  const { daemon } = abused
  const before = await aliveIn(daemon)
  const takenBefore = beginPeak(daemon)
  const served = await servedBeside(abused, abuse)
  expect(peakOf(daemon) - takenBefore, 'bytes taken').toBeLessThan(mostTaken)
  expect((await aliveIn(daemon)) - before, 'bytes kept').toBeLessThan(mostKept)
  return served
}

/** As `unharmedBy`, for what is small: the memory is looked at once after all tests of the file. */
export async function servedBeside(abused: Abused, abuse: () => Promise<unknown>): Promise<number> {
  const { daemon } = abused
  const bystander = await admin(abused)
  let isOver = false
  let served = 0
  const end = abuse().finally(() => {
    isOver = true
  })
  // It is waited for below.
  end.catch(() => {})
  while (!isOver) {
    expect((await bystander.call('status.get')).result.pid).toBe(daemon.pid)
    if (!isOver) served++
  }
  await end

  expect((await bystander.call('status.get')).result.pid).toBe(daemon.pid)
  bystander.socket.destroy()
  return served
}

/** Bytes alive in the main thread. */
async function aliveIn(daemon: Daemon): Promise<number> {
  const told = () => daemon.stdout.match(/^alive \d+$/gm) ?? []
  const { length } = told()
  daemon.signal('SIGWINCH')
  await eventually(() => expect(told().length).toBeGreaterThan(length))
  return Number(told().at(-1)?.split(' ')[1])
}

/** Forget the peak of the resident memory so far; gives how much is resident (proc_pid_clear_refs(5)). */
function beginPeak({ pid }: Daemon): number {
  if (process.platform !== 'linux') return 0
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  return peakOf({ pid })
}

function peakOf({ pid }: { readonly pid: number }): number {
  if (process.platform !== 'linux') return 0
  return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}
