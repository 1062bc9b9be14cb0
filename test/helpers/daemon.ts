import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'
import { shared } from './shared.ts'
import { type AtEnd, temporaryFolder } from './temporary-folder.ts'

const builtProgram = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))

/** How a process ended, and what it wrote. */
export interface Ending {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Folders of a daemon, kept while a test restarts it. */
export interface Folders {
  readonly state: string
  readonly runtime: string
}

export async function temporaryFolders(atEnd?: AtEnd): Promise<Folders> {
  const folder = await temporaryFolder(atEnd)
  return { state: join(folder, 'state'), runtime: join(folder, 'run') }
}

export interface DaemonOptions {
  readonly folders?: Folders
  readonly env?: Readonly<Record<string, string>>
  /** The program's file; the built one unless a test has another. */
  readonly program?: string
  /** What Node itself is started with; nothing unless a test is about that. */
  readonly nodeFlags?: readonly string[]
  /** A command that starts the one given behind it. */
  readonly within?: readonly string[]
  /** For a daemon of several tests; without it, it ends with the test at the latest. */
  readonly atEnd?: AtEnd | undefined
}

/**
 * Start proxyd, on free ports and with folders of its own. It has one loop, however many cores there are, unless `args` or a
 * config file say something else: each is some 50 ms of CPU to start.
 */
export async function spawnDaemon(args: readonly string[] = [], options: DaemonOptions = {}): Promise<Daemon> {
  const { atEnd = onTestFinished, env = {}, program = builtProgram, nodeFlags = [], within = [] } = options
  const folders = options.folders ?? (await temporaryFolders(atEnd))
  const places = ['-p', '0', '-P', '0', '--state-dir', folders.state, '--runtime-dir', folders.runtime]
  const own = args.includes('--config') ? places : ['--workers', '1', ...places]
  const [command = process.execPath, ...rest] = [...within, process.execPath, ...nodeFlags, program, ...own, ...args]
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const daemon = new Daemon(child, folders)
  atEnd(async () => void (await daemon.kill()))
  return daemon
}

/** As `spawnDaemon`, and wait until it is ready. */
export async function startDaemon(args?: readonly string[], options?: DaemonOptions): Promise<Daemon> {
  const daemon = await spawnDaemon(args, options)
  await daemon.ready
  return daemon
}

/** A daemon for all tests of a file or a `describe`, see `shared`. */
export function sharedDaemon(args?: readonly string[]): () => Promise<Daemon> {
  return shared((atEnd) => startDaemon(args, { atEnd }))
}

/** A proxyd in a process of its own. */
export class Daemon {
  readonly folders: Folders
  readonly pid: number
  /** Rejects if the process ends before it is ready. */
  readonly ready: Promise<void>
  readonly ended: Promise<Ending>
  stdout = ''
  stderr = ''
  readonly #process: ChildProcessByStdio<null, Readable, Readable>

  constructor(process: ChildProcessByStdio<null, Readable, Readable>, folders: Folders) {
    this.#process = process
    this.folders = folders
    this.pid = process.pid ?? Number.NaN
    process.stdout.setEncoding('utf8').on('data', (text) => (this.stdout += text))
    process.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text))
    this.ended = once(process, 'close').then(([status, signal]) => {
      return { status, signal, stdout: this.stdout, stderr: this.stderr }
    })
    this.ready = this.#shows(process.stdout, () => /^ready$/m.test(this.stdout))
    this.ready.catch(() => {})
  }

  /** Wait until the log has a line like this. */
  logs(pattern: RegExp): Promise<void> {
    return this.#shows(this.#process.stderr, () => pattern.test(this.stderr))
  }

  /** What it listens on for `service`, as it says: `address:port`, `address:port -> destination`, or `unix:path`. */
  listening(service: 'socks' | 'forward' | 'control' | 'metrics'): string[] {
    return [...this.stdout.matchAll(/^listening (\w+) (.*)$/gm)].flatMap(([, kind, at]) =>
      kind === service && at !== undefined ? [at] : [],
    )
  }

  /** The port of a service, the same for all its addresses. */
  port(service: 'socks' | 'control' | 'metrics'): number {
    return Number(/:(\d+)$/.exec(this.listening(service)[0] ?? '')?.[1])
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /**
   * Have it stand still until SIGCONT; resolves when all its threads do: on a busy machine they go on until the first of them
   * has its turn and takes the signal.
   */
  async freeze(): Promise<void> {
    this.signal('SIGSTOP')
    if (process.platform !== 'linux') return
    const threads = `/proc/${this.pid}/task`
    await eventually(() => {
      const states = readdirSync(threads).map(
        (thread) => /\) (\S)/.exec(readFileSync(`${threads}/${thread}/stat`, 'latin1'))?.[1],
      )
      expect(new Set(states)).toEqual(new Set(['T']))
    })
  }

  /** Go away as a reader of its stdout and stderr. */
  closeOutput(): void {
    this.#process.stdout.destroy()
    this.#process.stderr.destroy()
  }

  /** End it in an orderly way. */
  stop(): Promise<Ending> {
    this.signal('SIGTERM')
    return this.ended
  }

  /** End it as a crash would. */
  kill(): Promise<Ending> {
    this.signal('SIGKILL')
    return this.ended
  }

  async #shows(output: Readable, isThere: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = () => isThere() && resolve()
    output.on('data', look)
    look()
    void this.ended.then(({ status, stderr }) => reject(new Error(`proxyd ended with status ${status}: ${stderr}`)))
    return promise.finally(() => output.off('data', look))
  }
}
