import { cookieUser } from '../../shared/protocol/limits.ts'
import { beginClient, ScramError } from '../../shared/protocol/scram.ts'
import { ConnectionError } from './client.ts'
import { readCookieFile } from './cookie-file.ts'
import { answered, startWith, type Welcome } from './enter.ts'
import type { Wire } from './wire.ts'

/**
 * Log in with the cookie, and see that the daemon knows it too. The file is read when a daemon has answered: it
 * listens when its new cookie is in place, and without one the file would tell nothing. Rejects with `ConnectionError`.
 */
export async function enterByCookie(wire: Wire, cookieFile: string): Promise<Welcome> {
  const exchange = beginClient(cookieUser)
  const begin = { mechanism: 'SCRAM-SHA-256', message: exchange.message } as const
  const { hello, result: challenge } = await startWith(wire, 'auth.begin', begin)
  const cookie = readCookieFile(cookieFile)
  const answer = orLoginError(() => exchange.answer(challenge.message, cookie))
  const proof = await answered(wire.call('auth.finish', { message: answer.message }))
  orLoginError(() => answer.verify(proof.message))
  return { instance: hello.instance, role: proof.role }
}

function orLoginError<T>(step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw error instanceof ScramError ? new ConnectionError('login', error.message) : error
  }
}
