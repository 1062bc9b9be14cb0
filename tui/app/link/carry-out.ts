import type { Context } from '../../../shared/commands/context.ts'
import { type Command, commandOf } from '../../../shared/commands/parse.ts'
import { UsageError } from '../../../shared/commands/usage.ts'
import type { Call, Outcome } from '../../../shared/commands/verb.ts'
import { findVerb } from '../../../shared/commands/verbs.ts'
import { safeText } from '../../../shared/format/safe-text.ts'
import type { Result } from '../../../shared/protocol/methods.ts'
import type { Client } from '../../client/index.ts'
import { doubtful } from '../../exec/doubt.ts'
import { failureOf } from '../../exec/failure.ts'
import { cellText, tableLines } from '../../exec/render.ts'
import { readTextFile, writeTextFile } from '../../exec/text-file.ts'
import { columnsOf } from '../text/fit.ts'

/** What came of commands: of each that was done, and why the next one was not; null if all were. */
export interface Results {
  readonly outcomes: readonly Outcome[]
  readonly problem: string | null
}

/** Flags that only `--exec` can follow: the app has neither standard input nor an end of the line. */
export const withoutFlags: readonly string[] = ['password-stdin', 'password-prompt', 'follow']

/** Carry out a line's commands one after the other, until one fails. Rejects for faults of ours only. */
export async function carryOut(commands: readonly Command[], call: Client['call']): Promise<Results> {
  const outcomes: Outcome[] = []
  for (const command of commands) {
    const { name, verb } = command
    try {
      const outcome = await once(command, { ...elsewhere, call: doubting(name === 'raw' ? guarded(call) : call) })
      outcomes.push(outcome)
      if (outcome.problem) return { outcomes, problem: `${name}: ${outcome.problem}` }
    } catch (error) {
      return { outcomes, problem: `${name}: ${failureOf(error, verb.hints).message}` }
    }
  }
  return { outcomes, problem: null }
}

/**
 * Carry out what a key or a form asks for; `password` is what was typed as the new one. Rejects as `Client.call` does, and
 * with `UsageError`.
 */
export async function perform(what: Call, call: Client['call'], password?: string): Promise<Outcome> {
  const readPassword = password === undefined ? elsewhere.readPassword : async () => password
  return once(commandOf(what), { ...elsewhere, call, readPassword })
}

/** Whether the daemon can say beforehand what it would warn of. */
export function hasDryRun({ verb, flags = {} }: Call): boolean {
  return 'dry-run' in (findVerb(verb).flags ?? {}) && !('dry-run' in flags)
}

/** The call that asks beforehand what this one would come to; one that changes nothing is asked as it is. */
export function dryRunOf(call: Call): Call {
  return hasDryRun(call) ? { ...call, flags: { ...call.flags, 'dry-run': '' } } : call
}

/** What came of a command, as lines that are safe to show. */
export function outcomeLines({ view, note, warnings = [] }: Outcome): string[] {
  const told = warnings.map((warning) => `note: ${safeText(warning)}`)
  if (typeof view === 'string') return [note ?? '', view].filter(Boolean).map(safeText).concat(told)
  const rows = view.rows.map((row) => row.map(cellText))
  const lines = tableLines({ ...view, rows }, columnsOf)
  return [...(rows.length > 0 ? lines : [...lines, '(none)']), ...told]
}

/** The ids of the rules that decide, of what `rules test` came to. */
export function decidingRules({ data }: Outcome): number[] {
  const { phases = [] } = (data ?? {}) as Partial<Result<'rules.test'>>
  return phases.flatMap(({ rule }) => (rule === null ? [] : [rule]))
}

async function once(command: Command, context: Context): Promise<Outcome> {
  const before = changesRules(command) ? await context.call('rules.list', { limit: 1, text: true }) : null
  const deed = command.run(context)
  if (Symbol.asyncIterator in deed) throw new UsageError('--follow is for --exec; here the page Log follows')
  const outcome = await deed
  return before ? { ...outcome, ...undoRules(outcome, before) } : outcome
}

function changesRules({ name, call: { flags = {} } }: Command): boolean {
  return /^rules (?!test)/.test(name) && !('dry-run' in flags)
}

/** What takes a change of the rules back is their text before, unless somebody else's change in between would be lost. */
function undoRules({ data }: Outcome, { text, revision }: Result<'rules.list'>): Pick<Outcome, 'undo'> {
  const { revision: now } = (data ?? {}) as Partial<Result<'rules.apply'>>
  if (text === undefined || now !== revision + 1) return {}
  return { undo: { verb: 'rules apply', values: [], flags: { text, revision: String(now) } } }
}

/** Says of a change that has no answer that it may have been made. */
function doubting(call: Client['call']): Client['call'] {
  return (method, params) =>
    call(method, params).catch((error: unknown) => {
      throw doubtful(error, method, params)
    })
}

/** A call typed by hand must not change what the app's own connection follows, nor what it may. */
function guarded(call: Client['call']): Client['call'] {
  return async (method, params) => {
    if (/\.(un)?subscribe$|^session\.drop$/.test(method))
      throw new UsageError(`${method} is for --exec: here it would change what the pages follow`)
    return call(method, params)
  }
}

const elsewhere: Omit<Context, 'call'> = {
  events: async () => {
    throw new UsageError('only --exec can follow what comes')
  },
  demandReader: () => {},
  tellProgress: () => {},
  editText: async () => {
    throw new UsageError('here a key of the page Rules does that, and its help names it')
  },
  readText: async (file) => {
    if (file === '-') throw new UsageError('only --exec has standard input')
    return readTextFile(file)
  },
  writeText: writeTextFile,
  readPassword: async () => {
    throw new UsageError('without that flag one is made and shown once; on the pages Users and Operators one is typed')
  },
}
