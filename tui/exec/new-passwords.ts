import type { Context } from '../../shared/commands/context.ts'
import { UsageError } from '../../shared/commands/usage.ts'
import type { ExecOptions } from '../options/command-line.ts'

type ReadPassword = Context['readPassword']

/** Gets new passwords from where the person chose to give them: at the terminal, or from `input`, a line each. */
export function passwordReader({ lines }: ExecOptions, input: AsyncGenerator<string>): ReadPassword {
  return async (source, name) => {
    if (lines.includes('-')) throw new UsageError('standard input has the commands, so no password can come from it')
    if (source === 'prompt') {
      if (!process.stdin.isTTY) throw new UsageError('there is no terminal to ask at; use --password-stdin')
      const { askNewPassword } = await import('./ask-password.ts')
      return askNewPassword(name)
    }
    if (process.stdin.isTTY) throw new UsageError('standard input is a terminal; use --password-prompt')
    const { value = '' } = await input.next()
    if (value === '') throw new UsageError('no password on standard input')
    return value
  }
}

/**
 * `read` for several runs of the same commands: the returned function begins one, and what one run was given the next
 * ones are given, too.
 */
export function askedOnce(read: ReadPassword): () => ReadPassword {
  const given: Promise<string>[] = []
  return () => {
    let asked = 0
    return (source, name) => {
      given[asked] ??= read(source, name)
      return given[asked++] as Promise<string>
    }
  }
}
