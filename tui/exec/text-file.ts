import { readFile } from 'node:fs/promises'
import { UsageError } from '../../shared/commands/usage.ts'

/** The text of a file. Rejects with `UsageError` if it cannot be read, or is not UTF-8. */
export async function readTextFile(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`)
  }
}
