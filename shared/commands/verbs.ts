import { accessFields } from '../filter/access-fields.ts'
import { connectionFields } from '../filter/connection-fields.ts'
import { eventFields } from '../filter/event-fields.ts'
import { fieldLines, filterHelp } from '../filter/fields.ts'
import { banFields, groupFields, operatorFields, ruleFields } from '../filter/management-fields.ts'
import { userFields } from '../filter/user-fields.ts'
import { guessAt } from '../likeliest.ts'
import { accessVerbs } from './access-verbs.ts'
import { auditFields, auditVerbs, sessionVerbs } from './audit-verbs.ts'
import { banVerbs } from './ban-verbs.ts'
import { connectionVerbs } from './connection-verbs.ts'
import { cutVerbs } from './cut-verb.ts'
import { daemonVerbs } from './daemon-verbs.ts'
import { eventVerbs } from './event-verbs.ts'
import { groupVerbs } from './group-verbs.ts'
import { listFields } from './limit-words.ts'
import { logVerbs } from './log-verbs.ts'
import { nodeVerbs } from './node-verbs.ts'
import { operatorVerbs } from './operator-verbs.ts'
import { ruleVerbs } from './rule-verbs.ts'
import { settingVerbs } from './setting-verbs.ts'
import { transferVerbs } from './transfer-verbs.ts'
import { UsageError } from './usage.ts'
import { usageVerbs } from './usage-verbs.ts'
import { userVerbs } from './user-verbs.ts'
import { type Flag, type Outcome, type Verb, verb } from './verb.ts'
import { watchVerbs } from './watch-verbs.ts'

const table = {
  ...userVerbs,
  ...groupVerbs,
  ...usageVerbs,
  ...connectionVerbs,
  ...cutVerbs,
  ...accessVerbs,
  ...eventVerbs,
  ...watchVerbs,
  ...ruleVerbs,
  ...banVerbs,
  ...operatorVerbs,
  ...sessionVerbs,
  ...auditVerbs,
  ...settingVerbs,
  ...transferVerbs,
  ...logVerbs,
  ...daemonVerbs,
  ...nodeVerbs,
  help: verb({
    arguments: '[VERB...]',
    takes: ['verb'],
    summary: 'list the commands; explain one, limits or filter',
    prepare: (words) => {
      const name = words.join(' ')
      const outcome = Object.hasOwn(topics, name) ? topics[name]?.() : explain(name, findVerb(name))
      return async () => outcome as Outcome
    },
  }),
}

/** Every command, in the order in which help lists them. */
export const verbs: Readonly<Record<string, Verb>> = table

export type VerbName = keyof typeof table

/** The name of the verb that a command begins with: of two words, such as `users set`, where there is one of that name. */
export function verbNameIn(words: readonly string[]): string {
  const longer = words.slice(0, 2).join(' ')
  return Object.hasOwn(verbs, longer) ? longer : (words[0] ?? '')
}

/** Those that begin with a verb's name and say more, such as `users set`. */
export function verbsBelow(name: string): [string, Verb][] {
  return Object.entries(verbs).filter(([longer]) => longer.startsWith(`${name} `))
}

/** Throws `UsageError` if there is no such command; `position` is where the name stands in the line. */
export function findVerb(name: string, position?: number): Verb {
  const found = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (found) return found
  const guess = guessAt(name, Object.keys(verbs), (known) => `'${known}'`)
  throw new UsageError(`no command '${name}'; ${guess ? `${guess}, and ` : ''}'help' lists them`, position)
}

/** How a command is written: `log [--level LEVEL] [--follow]`. */
export function usageOf(name: string, row: Verb): string {
  const flags = Object.entries(row.flags ?? {}).map((flag) => `[${flagUsage(flag)}]`)
  return [name, row.arguments, ...flags].filter(Boolean).join(' ')
}

function flagUsage([name, flag]: readonly [string, Flag]): string {
  return typeof flag === 'string' ? `--${name}` : `--${name} ${flag.value}`
}

/** What help tells of beside verbs. */
const topics: Readonly<Record<string, () => Outcome>> = { '': listVerbs, limits: listLimits, filter: explainFilter }

/** Characters of a usage in the list, which is to fit 80 columns: a longer one is told by `help VERB`. */
const widestUsage = 22

function listVerbs(): Outcome {
  const rows = Object.entries(verbs).map(([name, row]) => {
    const usage = `${name} ${row.arguments}`.trimEnd()
    return [usage.length > widestUsage ? `${name} ...` : usage, row.summary]
  })
  return { data: rows.map(([usage, summary]) => ({ usage, summary })), view: { rows } }
}

function listLimits(): Outcome {
  const { rows } = listFields()
  return { data: rows.map(([field, summary]) => ({ field, summary })), view: { rows } }
}

function explainFilter(): Outcome {
  const lines = [
    ...filterHelp(connectionFields),
    '',
    ' Beside that, of the access log, and in part of those closed:',
    ...fieldLines(accessFields),
    '',
    ' Of users:',
    ...fieldLines(userFields),
    '',
    ' Of events:',
    ...fieldLines(eventFields),
    '',
    ' Of groups, rules, bans, operators and the audit:',
    ...[groupFields, ruleFields, banFields, operatorFields, auditFields].flatMap(fieldLines),
  ]
  return {
    data: {
      connections: Object.keys(connectionFields),
      access: Object.keys(accessFields),
      users: Object.keys(userFields),
      events: Object.keys(eventFields),
      groups: Object.keys(groupFields),
      rules: Object.keys(ruleFields),
      bans: Object.keys(banFields),
      operators: Object.keys(operatorFields),
      audit: Object.keys(auditFields),
    },
    view: { rows: lines.slice(1).map((line) => [line]) },
  }
}

function explain(name: string, row: Verb): Outcome {
  const usage = usageOf(name, row)
  const flags = Object.entries(row.flags ?? {}).map(([flag, about]) => [
    flagUsage([flag, about]),
    typeof about === 'string' ? about : about.summary,
  ])
  const words = row.words ?? []
  const below = verbsBelow(name).map(([longer, { arguments: words, summary }]) => [
    `${longer} ${words}`.trimEnd(),
    summary,
  ])
  return {
    data: { usage, summary: row.summary, flags: Object.fromEntries(flags), words, below },
    view: { rows: [[usage, row.summary], ...flags, ...below, ...words] },
  }
}
