import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { getHeapStatistics, type HeapInfo, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'

/**
 * From now on, notes which worker threads begin. The function it returns tells what is alive in each heap, in bytes: this
 * thread's first, then the workers' in the order in which they began.
 */
export function heaps(): () => Promise<number[]> {
  const workers: Worker[] = []
  const note = (worker: Worker) => workers.push(worker)
  process.on('worker', note)
  onTestFinished(() => void process.off('worker', note))
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  return async () => {
    // What the first one finds to be over gives back more when it has been told so.
    collect()
    await setImmediate()
    collect()
    const own = getHeapStatistics()
    return [own, ...(await Promise.all(workers.map(collected)))].map(alive)
  }
}

/** A worker's heap after a collection, which only a snapshot brings about from here. */
async function collected(worker: Worker): Promise<HeapInfo> {
  const snapshot = await worker.getHeapSnapshot()
  snapshot.resume()
  await once(snapshot, 'end')
  return worker.getHeapStatistics()
}

function alive({ used_heap_size, external_memory }: HeapInfo): number {
  return used_heap_size + external_memory
}
