import type { EventOptions, EventStream } from './client.ts'
import type { ConnectionError } from './error.ts'

/** Events that may wait, unless told otherwise. */
const defaultLimit = 128

/** Where events come from. Both listeners are heard no more once the returned function was called. */
type Source<T> = (listener: (event: T) => void, ended: (reason: ConnectionError) => void) => () => void

/**
 * Gather what `source` tells until it is taken. The end of the source ends it with that error, `signal` without one.
 * Throws `RangeError` for a limit that is no whole number of at least 1.
 */
export function streamEvents<T>(
  source: Source<T>,
  { limit = defaultLimit, signal }: EventOptions = {},
): EventStream<T> {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError('limit must be a whole number of at least 1')
  const waiting: T[] = []
  const takers: PromiseWithResolvers<IteratorResult<T>>[] = []
  let lost = 0
  let over = false
  /** What is still to be thrown, once. */
  let failure: ConnectionError | null = null

  const gather = (event: T) => {
    const taker = takers.shift()
    if (taker) return taker.resolve({ done: false, value: event })
    if (waiting.push(event) <= limit) return
    waiting.shift()
    lost += 1
  }
  const end = (reason: ConnectionError | null) => {
    if (over) return
    over = true
    stopListening()
    signal?.removeEventListener('abort', stop)
    failure = reason
    for (const taker of takers.splice(0)) next().then(taker.resolve, taker.reject)
  }
  const stop = () => {
    waiting.length = 0
    failure = null
    end(null)
  }
  async function next(): Promise<IteratorResult<T>> {
    const event = waiting.shift()
    if (event !== undefined) return { done: false, value: event }
    if (!over) {
      const taker = Promise.withResolvers<IteratorResult<T>>()
      takers.push(taker)
      return taker.promise
    }
    const reason = failure
    failure = null
    if (reason) throw reason
    return { done: true, value: undefined }
  }

  const stopListening = source(gather, end)
  signal?.addEventListener('abort', stop)
  if (signal?.aborted) stop()
  return {
    get lost() {
      return lost
    },
    next,
    return: async () => {
      stop()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
