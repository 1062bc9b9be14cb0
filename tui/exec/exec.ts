import { type Command, parseCommands } from '../../shared/commands/parse.ts'
import { UsageError } from '../../shared/commands/usage-error.ts'
import type { Context, Outcome } from '../../shared/commands/verb.ts'
import { ConnectionError } from '../client/index.ts'
import type { ExecOptions } from '../options/command-line.ts'
import { connectionTo } from './connection.ts'
import { exitStatus, Failure, failureOf } from './failure.ts'
import { readLines } from './lines.ts'
import { render } from './render.ts'
import { complain, tell } from './tell.ts'

/** Commands that were written in one place. */
interface Batch {
  /** Where, as errors name it: `line 3: `, `--exec 2: `, or empty if there is one place only. */
  readonly place: string
  readonly commands: readonly Command[]
}

/**
 * Carry out the commands, one after the other over one connection, and stop at the first error. Those of the command
 * line are all understood before the first is sent; those of standard input are carried out line by line.
 * Resolves to the exit status.
 */
export async function runExec(options: ExecOptions): Promise<number> {
  const input = readLines(() => process.stdin)
  const connection = connectionTo(options, ({ operator }) => askOperator(options, operator))
  const context = { ...connection, readPassword: passwordReader(options, input) }
  try {
    for await (const { place, commands } of batchesOf(options, input)) {
      for (const command of commands) await carryOut(command, place, context, options.json)
    }
    return exitStatus.done
  } catch (error) {
    const { status, message } = error instanceof Failure ? error : failureOf(error)
    complain(message)
    return status
  } finally {
    await input.return(undefined)
    await connection.close()
  }
}

async function* batchesOf(options: ExecOptions, input: AsyncIterable<string>): AsyncGenerator<Batch> {
  const flags = options.passwordStdin ? ['password-stdin'] : []
  const several = options.lines.length > 1
  const written = options.lines.map((line, at) =>
    line === '-' ? undefined : understand(line, several ? `--exec ${at + 1}: ` : '', flags),
  )
  for (const batch of written) {
    if (batch) yield batch
    else yield* batchesIn(input)
  }
}

async function* batchesIn(input: AsyncIterable<string>): AsyncGenerator<Batch> {
  let number = 0
  for await (const line of input) {
    number += 1
    if (!/^\s*(#|$)/.test(line)) yield understand(line, `line ${number}: `, [])
  }
}

function understand(line: string, place: string, flags: readonly string[]): Batch {
  try {
    return { place, commands: parseCommands(line, flags) }
  } catch (error) {
    const { status, message } = failureOf(error)
    const character = error instanceof UsageError && error.position ? `character ${error.position + 1}: ` : ''
    throw new Failure(status, place + character + message)
  }
}

async function carryOut(command: Command, place: string, context: Context, json: boolean): Promise<void> {
  try {
    const deed = command.run(context)
    if (Symbol.asyncIterator in deed) for await (const outcome of deed) await show(outcome, json)
    else {
      const outcome = await deed
      await show(outcome, json)
      if (outcome.problem) throw new Failure(exitStatus.refused, `${place}${command.name}: ${outcome.problem}`)
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    const { status, message } = failureOf(error, command.verb.hints)
    // That the connection failed is not the command's doing.
    throw new Failure(
      status,
      error instanceof ConnectionError ? place + message : `${place}${command.name}: ${message}`,
    )
  }
}

async function show(outcome: Outcome, json: boolean): Promise<void> {
  if (outcome.note && !json && process.stdout.isTTY) tell(outcome.note)
  process.stdout.write(await render(outcome, json))
  for (const warning of outcome.warnings ?? []) complain(`note: ${warning}`)
}

async function askOperator({ lines }: ExecOptions, operator: string): Promise<string> {
  if (lines.includes('-')) throw new UsageError('standard input has the commands; use --password-file')
  if (!process.stdin.isTTY) throw new UsageError('there is no terminal to ask at; use --password-file')
  const { askPassword } = await import('./ask-password.ts')
  return askPassword(operator)
}

function passwordReader({ lines }: ExecOptions, input: AsyncGenerator<string>): Context['readPassword'] {
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
