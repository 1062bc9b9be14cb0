import * as libc from './libc.ts'

/**
 * Pipes to splice through (splice(2)), reused while they are empty. Unprivileged processes have a cap on pipe pages
 * (fs.pipe-user-pages-soft, 64 MiB by default), so there is a limit, and the caller copies when it is reached.
 */

const O_NONBLOCK = 0o4000
const O_CLOEXEC = 0o2000000
const SPLICE_F_MOVE = 1
const SPLICE_F_NONBLOCK = 2

/** What one pipe holds, in bytes. */
export const pipeBytes = 1024 * 1024

/** Calls of `acquire` that go without asking the kernel after it has refused. */
const refusalLasts = 1000

export interface Pipe {
  readonly readEnd: number
  readonly writeEnd: number
}

/** Hears of each descriptor that is opened, and that is about to be closed. */
export interface Register {
  add(fd: number): unknown
  delete(fd: number): unknown
}

export class PipePool {
  readonly #idle: Pipe[] = []
  readonly #most: number
  readonly #keep: number
  readonly #register: Register
  #open = 0
  /** How many times more not to ask, since the kernel has refused. */
  #refusedFor = 0

  /** At most `most` pipes at once; of idle ones `keep` stay open. */
  constructor(most: number, keep: number, register: Register = new Set()) {
    this.#most = most
    this.#keep = keep
    this.#register = register
  }

  /** How many more may be in use. */
  get left(): number {
    return this.#most - this.#open + this.#idle.length
  }

  /** An empty pipe, or undefined if there is none to be had. */
  acquire(): Pipe | undefined {
    const idle = this.#idle.pop()
    if (idle || this.#open >= this.#most) return idle
    return this.#refusedFor > 0 ? void this.#refusedFor-- : this.#create()
  }

  /** Whether there is one more to be had, which is kept until it is asked for: the kernel may refuse what `left` counts. */
  hasSpare(): boolean {
    const spare = this.acquire()
    if (spare) this.#idle.push(spare)
    return spare !== undefined
  }

  /** Give back a pipe; one that still holds bytes is closed. */
  release(pipe: Pipe, empty: boolean): void {
    if (empty && this.#idle.length < this.#keep) this.#idle.push(pipe)
    else this.#destroy(pipe)
  }

  close(): void {
    for (const pipe of this.#idle.splice(0)) this.#destroy(pipe)
  }

  #create(): Pipe | undefined {
    const fds = new Int32Array(2)
    this.#refusedFor = refusalLasts
    if (libc.pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0) return undefined
    const pipe = { readEnd: fds[0], writeEnd: fds[1] }
    this.#open++
    for (const fd of fds) this.#register.add(fd)
    if (libc.setPipeSize(pipe.writeEnd, pipeBytes) < 0) return void this.#destroy(pipe)
    this.#refusedFor = 0
    return pipe
  }

  #destroy({ readEnd, writeEnd }: Pipe): void {
    this.#open--
    for (const fd of [readEnd, writeEnd]) {
      this.#register.delete(fd)
      libc.close(fd)
    }
  }
}

/** Move up to `length` bytes from a socket into a pipe's write end or from its read end into a socket, without blocking. */
export function spliceBytes(from: number, to: number, length: number): number {
  return libc.splice(from, null, to, null, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
}
