import { unmapped } from '../../net/address.ts'
import { read } from '../../os/libc.ts'
import type { Pipe, PipePool } from '../../os/pipe-pool.ts'
import type { SessionTable } from '../session-table.ts'
import { holderOf, Shares } from '../shared/shares.ts'
import { slotOf } from './sessions.ts'

/** Bytes that may wait in memory for one half. */
export const few = 64 * 1024

/** Bytes that one half has said and the other cannot take yet: in memory or in a pipe. */
export type Held =
  | { readonly kind: 'memory'; readonly bytes: Uint8Array }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly length: number; readonly holder: string }

/**
 * What waits, by the half that said it; most halves have nothing here. Clients who read nothing must not keep all pipes
 * from the others, whose bytes would have to be copied: those that hold bytes are shared out by user or source, and however
 * many sources there are, the last one holds none.
 */
export class HeldBytes {
  readonly #held = new Map<number, Held>()
  readonly #pipes: PipePool
  readonly #shares = new Shares(1)
  readonly #table: SessionTable

  constructor(pipes: PipePool, table: SessionTable) {
    this.#pipes = pipes
    this.#table = table
  }

  has(half: number): boolean {
    return this.#held.size > 0 && this.#held.has(half)
  }

  /** These wait, and are the caller's no more. */
  hold(half: number, bytes: Uint8Array): void {
    this.#held.set(half, { kind: 'memory', bytes })
  }

  /** So many wait in a pipe; a few in memory, where this half may not hold one. */
  holdPipe(half: number, pipe: Pipe, length: number): void {
    if (length <= few && !this.mayHoldPipe(half)) {
      const bytes = new Uint8Array(length)
      read(pipe.readEnd, bytes, length)
      this.#pipes.release(pipe, true)
      return this.hold(half, bytes)
    }
    const holder = this.#holder(half)
    this.#held.set(half, { kind: 'pipe', pipe, length, holder })
    this.#shares.take(holder)
  }

  /** Whether what this half says may come to wait in the pipe that is in hand; else `few` bytes at a time may go through it. */
  mayHoldPipe(half: number): boolean {
    if (!this.#pipes.hasSpare()) return false
    return this.#shares.size === 0 || this.#shares.isFree(this.#holder(half), this.#pipes.left)
  }

  /** What waits, which is the caller's from now on. */
  take(half: number): Held | undefined {
    const held = this.#held.get(half)
    if (!held) return undefined
    this.#held.delete(half)
    if (held.kind === 'pipe') this.#shares.give(held.holder)
    return held
  }

  /** What waits is not wanted any more. */
  drop(half: number): void {
    if (this.#held.size === 0) return
    const held = this.take(half)
    if (held?.kind === 'pipe') this.#pipes.release(held.pipe, false)
  }

  #holder(half: number): string {
    const { user, clientAddress } = this.#table
    const slot = slotOf(half)
    return holderOf(user[slot], unmapped(clientAddress.subarray(slot * 16, slot * 16 + 16)))
  }
}
