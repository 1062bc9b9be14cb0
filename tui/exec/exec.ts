import type { Context } from '../../shared/commands/context.ts'
import { type Command, parseCommands } from '../../shared/commands/parse.ts'
import { UsageError } from '../../shared/commands/usage.ts'
import type { Outcome } from '../../shared/commands/verb.ts'
import { safeText } from '../../shared/format/safe-text.ts'
import { showTimesIn } from '../../shared/format/time.ts'
import { ConnectionError } from '../client/index.ts'
import type { ExecOptions } from '../options/command-line.ts'
import type { NamedDaemon } from '../options/daemons.ts'
import { type OperatorPlace, placeOf } from '../options/place.ts'
import { connectionTo } from './connection.ts'
import { editText } from './edit-text.ts'
import { complain, exitStatus, Failure, failureOf, tell } from './failure.ts'
import { judged } from './judged.ts'
import { readLines } from './lines.ts'
import { askedOnce, passwordReader } from './new-passwords.ts'
import { demandReader, isNowhere, writeOut } from './output.ts'
import { endProgress, tellProgress } from './progress.ts'
import { render } from './render.ts'
import { longestText, readTextFile, writeTextFile } from './text-file.ts'

/** Commands that were written in one place. */
interface Batch {
  /** Where, as errors name it: `line 3: `, `--exec 2: `, or empty if there is one place only. */
  readonly place: string
  readonly commands: readonly Command[]
}

/** What is done at one daemon. */
interface Turn {
  readonly context: Context
  readonly json: boolean
  /** The daemon's name, if it has to be told who says what; null if there is one daemon only. */
  readonly who: string | null
}

/**
 * Carry out the commands, one after the other over one connection, and stop at the first error. Those of the command
 * line are all understood before the first is sent; those of standard input are carried out line by line. Of several
 * daemons each has its turn, whatever came of the one before, and then the lines are all understood at first.
 * Resolves to the exit status: of several the worst.
 */
export async function runExec(options: ExecOptions): Promise<number> {
  const { daemons, utc } = options
  if (!utc) showTimesIn('local')
  const several = daemons.length > 1
  const input = readLines(() => process.stdin)
  const passwords = askedOnce(passwordReader(options, input))
  const readText = textReader(options, input)
  let worst: number = exitStatus.done
  try {
    const batches = several ? await gather(batchesOf(options, input)) : batchesOf(options, input)
    for (const daemon of daemons) {
      const status = await runAt(daemon, batches, { options, readPassword: passwords(), readText, several })
      worst = Math.max(worst, status)
    }
    return worst
  } catch (error) {
    return told(error)
  } finally {
    await input.return(undefined)
  }
}

interface Run {
  readonly options: ExecOptions
  readonly readPassword: Context['readPassword']
  readonly readText: Context['readText']
  readonly several: boolean
}

/** Carry out the commands at one daemon, and tell why they stop. Resolves to the exit status. */
async function runAt(
  daemon: NamedDaemon,
  batches: AsyncIterable<Batch> | readonly Batch[],
  { options, readPassword, readText, several }: Run,
): Promise<number> {
  const { json, lines } = options
  const who = several ? daemon.name : null
  if (who !== null && !json) writeOut(`== ${safeText(who)} ==\n`)
  const ask = (place: OperatorPlace) => askOperator(lines, several ? placeOf([place]) : place.operator)
  const connection = connectionTo(daemon, options, ask)
  const turn: Turn = {
    context: { ...connection, readPassword, demandReader, tellProgress, readText, writeText: writeTextFile, editText },
    json,
    who,
  }
  try {
    for await (const { place, commands } of batches) {
      for (const command of commands) await carryOut(command, place, turn)
    }
    return exitStatus.done
  } catch (error) {
    return told(error, who)
  } finally {
    await connection.close()
  }
}

/** Say what stopped the commands, and at which daemon if that has to be said. The exit status that it means. */
function told(error: unknown, who: string | null = null): number {
  const { status, message } = error instanceof Failure ? error : failureOf(error)
  complain(who === null ? message : `${who}: ${message}`)
  return status
}

/** Reads what commands ask for: a file, or all that is left of standard input, which is there once. */
function textReader({ lines }: ExecOptions, input: AsyncIterable<string>): Context['readText'] {
  let rest: Promise<string> | undefined
  return async (file) => {
    if (file !== '-') return readTextFile(file)
    if (lines.includes('-')) throw new UsageError('standard input has the commands: name a file')
    rest ??= textOf(input)
    return rest
  }
}

async function textOf(lines: AsyncIterable<string>): Promise<string> {
  const all: string[] = []
  let length = 0
  for await (const line of lines) {
    length += line.length + 1
    if (length > longestText) throw new UsageError(`standard input has more than ${longestText} characters`)
    all.push(`${line}\n`)
  }
  return all.join('')
}

async function gather<T>(source: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
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

async function carryOut(command: Command, place: string, turn: Turn): Promise<void> {
  try {
    const deed = command.run(command.verb.lenient ? turn.context : judged(turn.context))
    if (Symbol.asyncIterator in deed) {
      if (turn.who !== null) throw new UsageError('it goes on until it is interrupted, so name one daemon only')
      for await (const outcome of deed) await show(outcome, turn)
    } else {
      const outcome = await deed.finally(endProgress)
      await show(outcome, turn)
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

async function show(outcome: Outcome, { json, who }: Turn): Promise<void> {
  if (outcome.note && !json && process.stdout.isTTY) tell(outcome.note)
  const data = who === null ? outcome.data : { place: who, result: outcome.data }
  const lost = outcome.secret && `the password of ${outcome.secret.user} was to be seen only now, so set another`
  writeOut(await render({ ...outcome, data }, json), lost)
  if (lost && isNowhere()) complain(`note: standard output goes nowhere; ${lost}`)
  for (const warning of outcome.warnings ?? []) complain(`note: ${who === null ? '' : `${who}: `}${warning}`)
}

async function askOperator(lines: readonly string[], operator: string): Promise<string> {
  if (lines.includes('-')) throw new UsageError('standard input has the commands; use --password-file')
  if (!process.stdin.isTTY) throw new UsageError('there is no terminal to ask at; use --password-file')
  const { askPassword } = await import('./ask-password.ts')
  return askPassword(operator)
}
