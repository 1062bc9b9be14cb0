import { type Command, parseCommands } from '../../shared/commands/parse.ts'
import { UsageError } from '../../shared/commands/usage-error.ts'
import type { Context } from '../../shared/commands/verb.ts'
import { type Client, ConnectionError } from '../client/client.ts'
import type { ExecOptions } from '../command-line.ts'
import { connectFirst } from '../connect-first.ts'
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
  const connection = connectionTo(options)
  const context = { call: connection.call, readPassword: passwordReader(options, input) }
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
    const outcome = await command.run(context)
    if (outcome.note && !json && process.stdout.isTTY) tell(outcome.note)
    process.stdout.write(await render(outcome, json))
    if (outcome.problem) throw new Failure(exitStatus.refused, `${place}${command.name}: ${outcome.problem}`)
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

/** A connection that is made when the first call needs it. */
function connectionTo({ targets, timeoutMs }: ExecOptions) {
  let client: Promise<Client> | undefined
  const call: Context['call'] = async (method, params) => {
    client ??= connectFirst(targets, { timeoutMs })
    const connected = await client
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      return await connected.call(method, params, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
      throw new ConnectionError('timeout', `no answer within ${timeoutMs / 1000} s`)
    }
  }
  const close = () =>
    client?.then(
      (connected) => connected.close(),
      () => {},
    )
  return { call, close }
}

function passwordReader({ lines }: ExecOptions, input: AsyncGenerator<string>): Context['readPassword'] {
  return async (source, user) => {
    if (lines.includes('-')) throw new UsageError('standard input has the commands, so no password can come from it')
    if (source === 'prompt') {
      if (!process.stdin.isTTY) throw new UsageError('there is no terminal to ask at; use --password-stdin')
      const { askPassword } = await import('./ask-password.ts')
      return askPassword(user)
    }
    if (process.stdin.isTTY) throw new UsageError('standard input is a terminal; use --password-prompt')
    const { value = '' } = await input.next()
    if (value === '') throw new UsageError('no password on standard input')
    return value
  }
}
