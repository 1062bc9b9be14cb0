import { readdirSync, statSync } from 'node:fs'
import type { Health } from '../../shared/protocol/methods.ts'
import { descriptorLimit } from '../engine/portable/descriptors.ts'

/** Milliseconds for which a count holds good: on a kernel that does not tell it, each descriptor is looked at. */
const freshness = 2_000

/** The descriptors of this process. */
export class Descriptors {
  readonly #max = Math.min(descriptorLimit(), Number.MAX_SAFE_INTEGER)
  readonly #count: () => number
  #open = 0
  /** As `performance.now` counts. */
  #counted = Number.NEGATIVE_INFINITY

  constructor(count: () => number = countOpen) {
    this.#count = count
  }

  get health(): Health['descriptors'] {
    const now = performance.now()
    if (now - this.#counted >= freshness) {
      this.#open = Math.min(this.#count(), this.#max)
      this.#counted = now
    }
    return { open: this.#open, max: this.#max }
  }
}

/** 0 where the system does not tell; infinity if counting failed because none is left. */
function countOpen(): number {
  try {
    // proc_pid_fd(5): since Linux 6.2 the size is the count; before, and elsewhere, the entries are counted.
    const counted = statSync('/proc/self/fd', { throwIfNoEntry: false })?.size ?? 0
    // Reading the folder takes a descriptor, too.
    return counted > 0 ? counted : readdirSync('/dev/fd').length - 1
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EMFILE' ? Number.POSITIVE_INFINITY : 0
  }
}
