import { setImmediate } from 'node:timers/promises'

/** Milliseconds that one turn of the main thread may take. */
const slice = 5

/** What `work` makes of each, in turns between which others have the main thread. */
export async function inSlices<Item, Result>(items: readonly Item[], work: (item: Item) => Result): Promise<Result[]> {
  const results: Result[] = []
  let end = performance.now() + slice
  for (const item of items) {
    if (performance.now() > end) {
      await setImmediate()
      end = performance.now() + slice
    }
    results.push(work(item))
  }
  return results
}
