import { whyNot } from '../shared/file-trouble.ts'
import { readPlainFile, UnfitFile } from '../shared/whole-file.ts'
import { Failure } from './failure.ts'
import { foreignness, unsafePlaceOf } from './foreign-files.ts'

/** A secret is a line. */
const longestSecret = 4096

/** What a file of this user alone holds, that the setting of this name names, without the end of its line. Throws a Failure. */
export function secretIn(path: string, setting: string): string {
  const secret = readSecret(path, setting).trimEnd()
  if (secret === '') throw new Failure(2, `${setting} ${path} is empty: put the secret in it`)
  return secret
}

function readSecret(path: string, setting: string): string {
  try {
    return readPlainFile(path, longestSecret, (status) => {
      if ((status.mode & 0o077) !== 0)
        throw new Failure(1, `${setting} ${path} is open to others than its owner: chmod 600 ${path}`)
      const reason = foreignness(path, status) ?? unsafePlaceOf(path)
      if (reason) throw new Failure(1, `${reason} (${setting} names it)`)
    }).toString('utf8')
  } catch (error) {
    if (error instanceof Failure) throw error
    const another = `give ${setting} another with the secret`
    if (error instanceof UnfitFile) throw new Failure(1, `${setting} ${path} ${error.message}: ${another}`)
    throw new Failure(1, `cannot read ${setting} ${path}: ${whyNot(error, path, another)}`)
  }
}
