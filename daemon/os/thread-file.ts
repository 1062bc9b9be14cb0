import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { Refusal } from '../refusal.ts'

/** Why no thread can be started, with the mend. */
export const replacedProgram =
  'another program has been installed since proxyd began: upgrade it (proxy-tui --exec upgrade), or start it anew'

/**
 * The program of a thread.
 *
 * It is read when the thread is started, and shares memory, messages or the store with this process. A program that has been put in
 * its place meanwhile may know these in another shape, and is for a successor.
 */
export class ThreadFile {
  readonly url: URL
  readonly #atFirst: string

  constructor(url: URL) {
    this.url = url
    this.#atFirst = this.#now
  }

  /** That beside the module of this URL: the source when it runs as such, the bundle's own file when it is bundled. `name`: without its ending. */
  static beside(module: string, name: string): ThreadFile {
    return new ThreadFile(new URL(`./${name}${module.endsWith('.ts') ? '.ts' : '.cjs'}`, module))
  }

  /** Whether something else lies there than when this process began, or nothing. */
  get isReplaced(): boolean {
    return this.#now !== this.#atFirst
  }

  get #now(): string {
    const { dev, ino, size, mtimeMs } = statSync(this.url, { throwIfNoEntry: false }) ?? {}
    return [dev, ino, size, mtimeMs].join()
  }
}

/**
 * Starts a thread with that program: one that was built runs from what V8 has compiled of it before, if that lies beside it. Throws a
 * Refusal if the system gives none.
 */
export function startThread(program: URL, options: WorkerOptions): Worker {
  try {
    if (!program.pathname.endsWith('.cjs')) return new Worker(program, options)
    return new Worker(new URL('./thread-start.cjs', program), { ...options, argv: [fileURLToPath(program)] })
  } catch (error) {
    const mend = 'raise the limit of threads, as by TasksMax= or ulimit -u'
    throw new Refusal('unavailable', `no thread can be started (${(error as Error).message}): ${mend}`)
  }
}
