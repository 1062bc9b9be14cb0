import { shrinkHeap, withShrinkableHeaps } from './heap.ts'
import { releaseProgram } from './os/program-pages.ts'

/** Milliseconds after which a start is over, and between two looks whether somebody is connected. */
const period = 1_000

export interface Threads {
  countLive(): number
  /** Each has the other threads of one kind shrink their heaps. */
  readonly shrink: readonly (() => Promise<unknown>)[]
}

/**
 * Once, when the start is over and nobody is connected who would wait for it, each thread gives back what the start has left in its
 * heap, and then the process what it alone has needed of Node. Returns what calls that off.
 */
export function settleOnce({ countLive, shrink }: Threads): () => void {
  const timer = setInterval(() => {
    if (countLive() > 0) return
    clearInterval(timer)
    void withShrinkableHeaps(async () => {
      // A thread that has failed is mended, or told of, elsewhere.
      for (const threads of shrink) await threads().catch(() => {})
      shrinkHeap()
    }).then(releaseProgram)
  }, period).unref()
  return () => clearInterval(timer)
}
