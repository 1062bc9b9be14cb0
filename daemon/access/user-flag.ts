import { password, userName } from '../../shared/protocol/methods.ts'
import { Failure } from '../failure.ts'

/** A user for one run of the daemon. */
export interface TemporaryUser {
  readonly name: string
  readonly password: string
}

/** Reads every `--user`. Throws a Failure if one makes no sense or two have one name. */
export function parseUserFlags(texts: readonly string[]): TemporaryUser[] {
  const users = new Map<string, TemporaryUser>()
  for (const user of texts.map(parseUserFlag)) {
    if (users.has(user.name)) {
      throw new Failure(2, `--user ${JSON.stringify(user.name)} is given twice: choose another name for one of them`)
    }
    users.set(user.name, user)
  }
  return [...users.values()]
}

/**
 * Reads `NAME:PASS` of `--user`, split at the first colon: the password may have more. Throws a Failure that
 * repeats nothing of a text which may be a password.
 */
export function parseUserFlag(text: string): TemporaryUser {
  const colon = text.indexOf(':')
  if (colon < 0) throw new Failure(2, '--user takes NAME:PASS, and there is no colon in what it got')
  const user = { name: text.slice(0, colon), password: text.slice(colon + 1) }
  refuse('name', userName.safeParse(user.name))
  refuse('password', password.safeParse(user.password))
  return user
}

function refuse(part: string, { error }: ReturnType<typeof userName.safeParse>): void {
  if (error) throw new Failure(2, `--user takes NAME:PASS, and the ${part} ${error.issues[0]?.message}`)
}
