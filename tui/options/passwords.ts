import { isUtf8 } from 'node:buffer'
import type { Target } from '../client/index.ts'
import { readPrivateFile } from '../foreign-files.ts'
import type { OperatorPlace, Place } from './place.ts'

/** An operator's password has 255 characters at most, of 4 bytes at most, and then the line may end. */
const longest = 255 * 4 + 2

/** Ask the person for an operator's password. Rejects with an `Error` for people if none comes. */
export type AskPassword = (place: OperatorPlace) => Promise<string>

/** The targets that `places` stand for; where a password is needed it comes from its file, or from `ask`. */
export function targetsAt(places: readonly Place[], ask: AskPassword): Target[] {
  return places.map((place) => {
    if (!('operator' in place)) return place
    const { passwordFile, ...target } = place
    return {
      ...target,
      password: async () => (passwordFile === undefined ? ask(place) : readPasswordFile(passwordFile)),
    }
  })
}

/**
 * The password in a file of one line, without its end. Throws an `Error` for people if there is none, or unless the file
 * is ours, or root's, and nobody else can read it.
 */
function readPasswordFile(path: string): string {
  try {
    return checked(path)
  } catch (error) {
    throw new Error(`cannot use the password file ${path}: ${explain(error as NodeJS.ErrnoException)}`, {
      cause: error,
    })
  }
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such file'
  return code === 'EACCES' ? 'permission denied' : message
}

function checked(path: string): string {
  const content = readPrivateFile(path, longest)
  if (!isUtf8(content)) throw new Error('it is not UTF-8')
  const password = content.toString().replace(/\r?\n$/, '')
  if (password === '' || password.includes('\n')) throw new Error('it does not hold one line')
  return password
}
