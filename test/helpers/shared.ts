import { afterAll } from 'vitest'
import type { AtEnd } from './temporary-folder.ts'

/** Something for all tests of a file or a `describe`, started when one asks for it first; it ends behind the last of them. */
export function shared<Thing>(start: (atEnd: AtEnd) => Promise<Thing>): () => Promise<Thing> {
  const ends = new AsyncDisposableStack()
  afterAll(() => ends.disposeAsync())
  let started: Promise<Thing> | undefined
  return () => {
    started ??= start((end) => ends.defer(end))
    return started
  }
}
