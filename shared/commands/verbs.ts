import { banVerbs } from './ban-verbs.ts'
import { connectionVerbs } from './connection-verbs.ts'
import { daemonVerbs } from './daemon-verbs.ts'
import { logVerbs } from './log-verbs.ts'
import { operatorVerbs } from './operator-verbs.ts'
import { settingVerbs } from './setting-verbs.ts'
import { UsageError } from './usage.ts'
import { userVerbs } from './user-verbs.ts'
import { type Flag, type Outcome, type Verb, verb } from './verb.ts'

const table = {
  ...userVerbs,
  ...connectionVerbs,
  ...banVerbs,
  ...operatorVerbs,
  ...settingVerbs,
  ...logVerbs,
  ...daemonVerbs,
  help: verb({
    arguments: '[VERB]',
    takes: ['verb'],
    summary: 'list the commands, or explain one',
    prepare: ([name]) => {
      const outcome = name === undefined ? listVerbs() : explain(name, findVerb(name))
      return async () => outcome
    },
  }),
}

/** Every command, in the order in which help lists them. */
export const verbs: Readonly<Record<string, Verb>> = table

export type VerbName = keyof typeof table

/** Throws `UsageError` if there is no such command; `position` is where the name stands in the line. */
export function findVerb(name: string, position?: number): Verb {
  const found = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (!found) throw new UsageError(`no command '${name}'; 'help' lists them`, position)
  return found
}

/** How a command is written: `log [--level LEVEL] [--follow]`. */
export function usageOf(name: string, row: Verb): string {
  const flags = Object.entries(row.flags ?? {}).map((flag) => `[${flagUsage(flag)}]`)
  return [name, row.arguments, ...flags].filter(Boolean).join(' ')
}

function flagUsage([name, flag]: readonly [string, Flag]): string {
  return typeof flag === 'string' ? `--${name}` : `--${name} ${flag.value}`
}

function listVerbs(): Outcome {
  const rows = Object.entries(verbs).map(([name, row]) => [`${name} ${row.arguments}`.trimEnd(), row.summary])
  return { data: rows.map(([usage, summary]) => ({ usage, summary })), view: { rows } }
}

function explain(name: string, row: Verb): Outcome {
  const usage = usageOf(name, row)
  const flags = Object.entries(row.flags ?? {}).map(([flag, about]) => [
    flagUsage([flag, about]),
    typeof about === 'string' ? about : about.summary,
  ])
  return {
    data: { usage, summary: row.summary, flags: Object.fromEntries(flags) },
    view: { rows: [[usage, row.summary], ...flags] },
  }
}
