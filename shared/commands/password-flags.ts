import { generatePassword } from './generate-password.ts'
import { UsageError } from './usage-error.ts'
import type { Context, Deed, Flags } from './verb.ts'

/** Where a command takes a new password from; without them one is made and shown once. */
export const passwordFlags = {
  'password-stdin': 'read the password from standard input, one line',
  'password-prompt': 'ask for the password twice, without showing it',
}

/**
 * The deed of giving `name` a password by `send`. What `send` resolves to goes into the result for programs; `done` is
 * what people are told where they know the password already. Throws `UsageError` if the flags exclude each other.
 */
export function givePassword(
  name: string,
  flags: Flags,
  done: string,
  send: (context: Context, password: string) => Promise<object>,
): Deed {
  const [stdin, prompt] = [flags.has('password-stdin'), flags.has('password-prompt')]
  if (stdin && prompt) throw new UsageError('--password-stdin and --password-prompt exclude each other')
  return async (context) => {
    if (stdin || prompt) {
      const result = await send(context, await context.readPassword(stdin ? 'stdin' : 'prompt', name))
      return { data: { name, ...result }, view: done }
    }
    const password = generatePassword()
    const result = await send(context, password)
    const secret = { user: name, password }
    return {
      data: { name, password, ...result },
      view: password,
      secret,
      note: `the password of ${name}, shown only now:`,
    }
  }
}
