import { setImmediate } from 'node:timers/promises'

/** What one turn of the main thread is good for: some milliseconds. */
const slice = 500

/** What `work` makes of each, in turns between which others have the main thread. */
export async function inSlices<Item, Result>(items: readonly Item[], work: (item: Item) => Result): Promise<Result[]> {
  const results: Result[] = []
  for (let from = 0; from < items.length; from += slice) {
    if (from > 0) await setImmediate()
    for (const item of items.slice(from, from + slice)) results.push(work(item))
  }
  return results
}
