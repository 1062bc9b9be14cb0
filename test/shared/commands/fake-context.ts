import type { Context, PasswordSource } from '../../../shared/commands/context.ts'
import { parseCommands } from '../../../shared/commands/parse.ts'
import type { Deed, Outcome } from '../../../shared/commands/verb.ts'

interface Run {
  /** The only one, or the last. */
  readonly outcome: Outcome
  readonly outcomes: readonly Outcome[]
  /** Every call with its parameters, in order. */
  readonly calls: [method: string, params: unknown][]
  /** Where a password was asked for, and for whom. */
  readonly asked: [source: PasswordSource, user: string][]
  /** How far it was told to have come. */
  readonly progress: readonly string[]
  /** What files were made. */
  readonly written: [file: string, text: string][]
  /** What the person was given to edit, and told to be wrong. */
  readonly edits: [text: string, problem: string | undefined][]
}

/**
 * Carry out the one command of `line`; a method answers as `answers` says, the same each time or from a list in turn. So
 * does an event: with all of a list, and the iteration ends then. A function is called for its answer. `file` is what any file has;
 * `judged` stands between verbs and answers, as it does in `--exec`.
 */
export async function runCommand(
  line: string,
  answers: Record<string, unknown>,
  password = '',
  edited: (string | undefined)[] = [],
  file?: string,
  judged = (context: Context) => context,
): Promise<Run> {
  const edits: Run['edits'] = []
  const written: Run['written'] = []
  const calls: Run['calls'] = []
  const asked: Run['asked'] = []
  const progress: string[] = []
  const call = async (method: string, params: unknown) => {
    calls.push([method, params])
    const answer = answers[method]
    if (typeof answer === 'function') return answer()
    return Array.isArray(answer) ? answer.shift() : answer
  }
  const context: Context = {
    call: call as Context['call'],
    events: (async (event: string) => {
      calls.push(['(events)', event])
      return (answers[event] as unknown[]).values()
    }) as unknown as Context['events'],
    readPassword: async (source, user) => {
      asked.push([source, user])
      return password
    },
    demandReader: () => {},
    tellProgress: (text) => void progress.push(text),
    writeText: async (file, text) => {
      written.push([file, text])
    },
    readText: async (name) => file ?? `text of ${name}`,
    editText: async (text, problem) => {
      edits.push([text, problem])
      return edited.shift()
    },
  }
  const [command] = parseCommands(line)
  if (!command) throw new Error('no command')
  const outcomes = await allOf(command.run(command.verb.lenient ? context : judged(context)))
  return { outcome: outcomes.at(-1) as Outcome, outcomes, calls, asked, edits, written, progress }
}

async function allOf(deed: ReturnType<Deed>): Promise<Outcome[]> {
  if (!(Symbol.asyncIterator in deed)) return [await deed]
  const outcomes: Outcome[] = []
  for await (const outcome of deed) outcomes.push(outcome)
  return outcomes
}
