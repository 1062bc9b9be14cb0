import { parentPort, workerData } from 'node:worker_threads'
import bcrypt from 'bcryptjs'
import { verify } from 'unixcrypt'
import { isBcrypt } from './foreign-hash.ts'

/** The thread that checks one password by another program's hash, so that the main thread goes on meanwhile. */

parentPort?.postMessage(matches(workerData))

function matches({ foreign, password }: { readonly foreign: string; readonly password: Uint8Array }): boolean {
  const text = decode(password)
  // crypt(3) takes a password up to its first NUL.
  if (text === undefined || text.includes('\0')) return false
  return isBcrypt(foreign) ? bcrypt.compareSync(text, foreign) : verify(text, foreign)
}

/** Those programs knew passwords as text in UTF-8. */
function decode(password: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(password)
  } catch {
    return undefined
  }
}
