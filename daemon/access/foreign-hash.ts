import { once } from 'node:events'
import { startThread, ThreadFile } from '../os/thread-file.ts'

/**
 * A hash of a password that another program made, by crypt(5): SHA-256 (`$5$`), SHA-512 (`$6$`), or bcrypt (`$2a$`, `$2b$`,
 * `$2y$`). It is there until the user logs in for the first time: then the password is known, and our own takes its place.
 */
export interface ForeignHash {
  readonly foreign: string
  /** What tells one hash from another. */
  readonly salt: Uint8Array
}

/** What a check must not cost more than: about a second on one core. */
const mostRounds = 100_000
const highestCost = 12

const shaCrypt = /^\$([56])\$(?:rounds=([1-9]\d{3,8})\$)?[./\dA-Za-z]{1,16}\$[./\dA-Za-z]+$/
const shaLengths: Readonly<Record<string, number>> = { 5: 43, 6: 86 }
const bcrypt = /^\$2[aby]\$(\d\d)\$[./\dA-Za-z]{53}$/

/** Another program's does as well: password and hash are the same to all. */
const threadFile = ThreadFile.beside(import.meta.url, 'foreign-hash-thread')

/** Undefined if it is none, or checking it would cost too much. */
export function parseForeignHash(text: string): ForeignHash | undefined {
  return isShaCrypt(text) || isBcrypt(text) ? { foreign: text, salt: Buffer.from(text) } : undefined
}

function isShaCrypt(text: string): boolean {
  const [, kind = '', rounds = '5000'] = shaCrypt.exec(text) ?? []
  const digest = text.slice(text.lastIndexOf('$') + 1)
  return digest.length === shaLengths[kind] && Number(rounds) <= mostRounds
}

export function isBcrypt(text: string): boolean {
  const [, cost] = bcrypt.exec(text) ?? []
  return cost !== undefined && Number(cost) >= 4 && Number(cost) <= highestCost
}

/** Whether the password is the one behind the hash, found out on a thread of its own: it takes up to a second. */
export async function matchesForeign({ foreign }: ForeignHash, password: Uint8Array): Promise<boolean> {
  // Flags of the process, such as --eval, are not for it.
  const thread = startThread(threadFile.url, { workerData: { foreign, password }, name: 'password', execArgv: [] })
  const [matches] = (await once(thread, 'message')) as [boolean]
  return matches
}
