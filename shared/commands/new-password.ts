import type { Context } from './context.ts'
import { UsageError } from './usage.ts'
import type { Deed, Flags, Outcome } from './verb.ts'

/** Where a command takes a new password from; without them one is made and shown once. */
export const passwordFlags = {
  'password-stdin': 'read the password from standard input, one line',
  'password-prompt': 'ask for the password twice, without showing it',
}

/** 32 characters, none of which looks like another, and of which a double click selects a whole word. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'

/** At 5 bits a character, 130 bits. */
const length = 26

/** A password that nobody guesses, from the system's secure random numbers. */
function generatePassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  return Array.from(bytes, (byte) => alphabet.charAt(byte % alphabet.length)).join('')
}

/**
 * The deed of giving `name` a password by `send`. What `send` resolves to goes into the result for programs; `done` is
 * what people are told of it. Throws `UsageError` if the flags exclude each other.
 */
export function givePassword<Result extends object>(
  name: string,
  flags: Flags,
  done: (result: Result) => string,
  send: (context: Context, password: string) => Promise<Result>,
): Deed {
  const [stdin, prompt] = [flags.has('password-stdin'), flags.has('password-prompt')]
  if (stdin && prompt) throw new UsageError('--password-stdin and --password-prompt exclude each other')
  return async (context) => {
    if (stdin || prompt) {
      const result = await send(context, await context.readPassword(stdin ? 'stdin' : 'prompt', name))
      return { data: { name, ...result }, view: done(result), ...unlessStored(result) }
    }
    context.demandReader()
    const password = generatePassword()
    const result = await send(context, password)
    return {
      data: { name, password, ...result },
      view: password,
      told: done(result),
      secret: { user: name, password },
      note: `the password of ${name}, shown only now:`,
      ...unlessStored(result),
    }
  }
}

/** What to know of the result of a change to a user or operator, if it is not stored. */
export function unlessStored(result: object): Pick<Outcome, 'warnings'> {
  if (!('stored' in result) || result.stored !== false) return {}
  return { warnings: ["the store failed, so it is not stored yet, and a restart undoes it: 'health' says why"] }
}
