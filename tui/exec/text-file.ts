import { writeFile } from 'node:fs/promises'
import { UsageError } from '../../shared/commands/usage.ts'
import { whyNot } from '../../shared/file-trouble.ts'
import { readFileOrPipe } from '../../shared/whole-file.ts'

/** Bytes of one text, which is held in memory: the users of a large daemon many times over. */
export const longestText = 64 * 1024 * 1024

/**
 * The text of a file, or of a pipe such as a shell's for `<(command)`. Rejects with `UsageError` if it cannot be read, is not UTF-8, is longer, or is a pipe that nothing
 * comes out of.
 */
export async function readTextFile(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFileOrPipe(file, longestText))
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${whyNot(error, file, 'name another file')}`)
  }
}

/** A new file that only this user can read. Rejects with `UsageError` if there is one, or it cannot be written. */
export async function writeTextFile(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx', flush: true })
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new UsageError(
      isThere
        ? `${file} is there already: name another file`
        : `cannot write ${file}: ${whyNot(error, file, 'name another file')}`,
    )
  }
}
