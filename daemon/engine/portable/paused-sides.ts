import type { Socket } from 'node:net'
import { Crowd } from './crowd.ts'

/** Milliseconds between two looks at whether sides that are not read from are still there. */
const probeInterval = 1000
const nothing = new Uint8Array(0)

/**
 * Sides that are not read from now, because the other one takes no more. Nobody tells of an RST where nothing is read and
 * nothing written, and the session would outlive its target until it is idle for too long. To write nothing fails on a
 * broken connection, and that error ends the session.
 */
export class PausedSides {
  readonly #sides = new Crowd<Socket>()
  #timer: NodeJS.Timeout | undefined

  add(side: Socket): void {
    this.#sides.add(side)
    this.#timer ??= setInterval(() => this.#probe(), probeInterval).unref()
  }

  delete(side: Socket): void {
    this.#sides.delete(side)
  }

  #probe(): void {
    for (const side of this.#sides.all) if (!side.writableEnded) side.write(nothing)
    if (this.#sides.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
