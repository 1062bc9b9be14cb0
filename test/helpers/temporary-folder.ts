import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Takes what is to be done in the end. */
export type AtEnd = (cleanUp: () => Promise<void>) => void

/** A new folder that goes, with all that is in it, when the test ends, or whatever else `atEnd` waits for. */
export async function temporaryFolder(atEnd: AtEnd = onTestFinished): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'proxyd-test-'))
  // What a killed program has started, such as a browser's own processes, may write there for another moment.
  atEnd(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))
  return folder
}
