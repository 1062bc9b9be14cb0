import { readFile, writeFile } from 'node:fs/promises'
import { UsageError } from '../../shared/commands/usage.ts'

/** The text of a file. Rejects with `UsageError` if it cannot be read, or is not UTF-8. */
export async function readTextFile(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`)
  }
}

/** A new file that only this user can read. Rejects with `UsageError` if there is one, or it cannot be written. */
export async function writeTextFile(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx', flush: true })
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new UsageError(
      isThere ? `${file} is there already: name another file` : `cannot write ${file}: ${(error as Error).message}`,
    )
  }
}
