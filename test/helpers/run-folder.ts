import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** What the files of one run of the tests share; whoever they start may pass through it. */
    readonly runFolder: string
  }
}

/** Makes it before the tests, and removes it behind them. */
export default async function makeRunFolder(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'proxyd-tests-'))
  await chmod(folder, 0o711)
  project.provide('runFolder', folder)
  return () => rm(folder, { recursive: true, force: true })
}
