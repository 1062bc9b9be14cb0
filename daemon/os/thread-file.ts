import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * The program of a thread, beside the module of that URL: the source when it runs as such, the bundle's own file when it is bundled.
 *
 * It is read when the thread is started, and shares memory with this process. A program that has been put in its place meanwhile may
 * see that in another shape, and is for a successor.
 */
export class ThreadFile {
  readonly url: URL
  readonly #atFirst: string

  /** `name`: without its ending. */
  constructor(module: string, name: string) {
    this.url = new URL(`./${name}${module.endsWith('.ts') ? '.ts' : '.cjs'}`, module)
    this.#atFirst = this.#now
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

/** Starts a thread with that program: one that was built runs from what V8 has compiled of it before, if that lies beside it. */
export function startThread(program: URL, options: WorkerOptions): Worker {
  if (!program.pathname.endsWith('.cjs')) return new Worker(program, options)
  return new Worker(new URL('./thread-start.cjs', program), { ...options, argv: [fileURLToPath(program)] })
}
