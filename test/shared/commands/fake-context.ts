import { parseCommands } from '../../../shared/commands/parse.ts'
import type { Context, Outcome, PasswordSource } from '../../../shared/commands/verb.ts'

interface Run {
  readonly outcome: Outcome
  /** Every call with its parameters, in order. */
  readonly calls: [method: string, params: unknown][]
  /** Where a password was asked for, and for whom. */
  readonly asked: [source: PasswordSource, user: string][]
}

/** Carry out the one command of `line`; a method answers as `answers` says, the same each time or from a list in turn. */
export async function runCommand(line: string, answers: Record<string, unknown>, password = ''): Promise<Run> {
  const calls: Run['calls'] = []
  const asked: Run['asked'] = []
  const call = async (method: string, params: unknown) => {
    calls.push([method, params])
    const answer = answers[method]
    return Array.isArray(answer) ? answer.shift() : answer
  }
  const context: Context = {
    call: call as Context['call'],
    readPassword: async (source, user) => {
      asked.push([source, user])
      return password
    },
  }
  const [command] = parseCommands(line)
  if (!command) throw new Error('no command')
  return { outcome: await command.run(context), calls, asked }
}
