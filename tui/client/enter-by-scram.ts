import { cookieUser } from '../../shared/protocol/limits.ts'
import { beginClient, ScramError } from '../../shared/protocol/scram.ts'
import { readCookieFile } from './cookie-file.ts'
import { answered, refusal, startWith, type Welcome } from './enter.ts'
import { ConnectionError } from './error.ts'
import type { Wire } from './wire.ts'

/**
 * Log in with the cookie. The file is read when a daemon has answered: it listens when its new cookie is in place, and
 * without one the file would tell nothing. Rejects with `ConnectionError`.
 */
export function enterByCookie(wire: Wire, name: string, cookieFile: string): Promise<Welcome> {
  const stale = `the cookie in ${cookieFile} is of an earlier start of the daemon, or of another one`
  const secret = () => readCookieFile(cookieFile)
  return enter(wire, name, { user: cookieUser, secret, wrong: new ConnectionError('cookie_stale', stale) })
}

/** Log in as a named operator. Rejects with `ConnectionError`. */
export function enterByPassword(wire: Wire, name: string, operator: string, password: string): Promise<Welcome> {
  const wrong = `there is no operator ${JSON.stringify(operator)}, or the password is wrong`
  const secret = () => password
  return enter(wire, name, { user: operator, secret, wrong: new ConnectionError('password', wrong) })
}

interface Login {
  readonly user: string
  readonly secret: () => string
  /** What is wrong if the daemon does not accept that. */
  readonly wrong: ConnectionError
}

/** Prove to know the secret, and see that the daemon knows it too. */
async function enter(wire: Wire, name: string, { user, secret, wrong }: Login): Promise<Welcome> {
  const exchange = beginClient(user)
  const begin = { mechanism: 'SCRAM-SHA-256', message: exchange.message } as const
  const { hello, result: challenge } = await startWith(wire, name, 'auth.begin', begin)
  const known = secret()
  const answer = orImpostor(() => exchange.answer(challenge.message, known))
  const proof = await answered(wire.call('auth.finish', { message: answer.message }), (error) =>
    error.kind === 'auth_failed' ? wrong : refusal(error),
  )
  orImpostor(() => answer.verify(proof.message))
  return { instance: hello.instance, role: proof.role }
}

function orImpostor<T>(step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw error instanceof ScramError ? new ConnectionError('impostor', error.message) : error
  }
}
