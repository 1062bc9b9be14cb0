import { fieldWord } from '../filter/filter.ts'
import { limitNames } from '../limits.ts'
import { type SettingShape, settings } from '../settings.ts'
import { operatorRoles } from './operator-verbs.ts'
import type { Flag, Kind, Verb } from './verb.ts'
import { usageOf, verbNameIn, verbs } from './verbs.ts'
import { quoteWord, splitCommands } from './words.ts'

/** What completion knows of the daemon, and of who types. */
export interface Surroundings {
  readonly users: readonly string[]
  readonly groups: readonly string[]
  readonly operators: readonly string[]
  /** Ids of rules that can be changed. */
  readonly rules: readonly string[]
  /** Ids of live connections. */
  readonly connections: readonly string[]
  /** Whether the person may use this verb. */
  may(verb: Verb): boolean
  /** Flags, without dashes, that make no sense where the line is typed. */
  readonly withoutFlags: readonly string[]
  /** What the line takes beside commands. */
  readonly places: readonly string[]
}

/** What the word that ends at the cursor can become. */
export interface Completion {
  /** Where that word begins in the line, in UTF-16 units from 0. */
  readonly from: number
  /** Whole words that begin with it, as the grammar wants them written, in order. */
  readonly candidates: readonly string[]
  /** How the command is written and what it does; undefined while there is none. */
  readonly usage?: string
}

/** The most candidates of one kind: nobody reads more. */
const most = 200

/** What can stand where `line` ends, which is the part before the cursor. In an open quote or brace nothing can. */
export function complete(line: string, known: Surroundings): Completion {
  const words = wordsBefore(line)
  const current = words.pop()
  if (!current) return { from: line.length, candidates: [] }
  const { position: from } = current
  const typed = current.text.slice(0, -1)
  const before = words.map(({ text }) => text)
  if (before.length === 0)
    return { from, candidates: matching([...new Set([...firstWords(known), ...known.places])], typed) }
  const name = verbNameIn(before)
  const rest = before.slice(name === before[0] ? 1 : 2)
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (!verb) return { from, candidates: [] }
  const usage = `${usageOf(name, withoutFlags(verb, known))}: ${verb.summary}`
  const longer = before.length === 1 ? secondWords(name, known) : []
  return { from, candidates: matching([...longer, ...candidatesFor(verb, rest, typed, known)], typed), usage }
}

/** The words of the last command; the last one, which is being typed, has one character too many: it may be empty. */
function wordsBefore(line: string) {
  try {
    return splitCommands(`${line}x`).at(-1) ?? []
  } catch {
    return []
  }
}

function candidatesFor(verb: Verb, before: readonly string[], typed: string, known: Surroundings): readonly string[] {
  const flags: Readonly<Record<string, Flag>> = withoutFlags(verb, known).flags ?? {}
  const waiting = before.at(-1)
  const asked = waiting?.startsWith('--') ? flags[waiting.slice(2)] : undefined
  if (typeof asked === 'object') return asked.choices ?? []
  if (typed.startsWith('--') && !before.includes('--')) return flagWords(flags, typed, before)
  const values = valuesOf(before, flags)
  const kind = verb.takes?.[Math.min(values.length, verb.takes.length - 1)]
  const repeats = verb.arguments.includes('...')
  if (!kind || (!repeats && values.length >= (verb.takes?.length ?? 0)))
    return typed === '' ? flagWords(flags, typed, before) : []
  return namesOf(kind, values, known).filter((name) => !values.includes(name))
}

/** `--flag`; `--flag=choice` if that much is typed. */
function flagWords(flags: Readonly<Record<string, Flag>>, typed: string, before: readonly string[]): string[] {
  const [, given] = /^--([^=]+)=/.exec(typed) ?? []
  const flag = given === undefined ? undefined : flags[given]
  if (typeof flag === 'object') return (flag.choices ?? []).map((choice) => `--${given}=${choice}`)
  return Object.keys(flags)
    .map((name) => `--${name}`)
    .filter((name) => !before.includes(name))
}

function valuesOf(words: readonly string[], flags: Readonly<Record<string, Flag>>): string[] {
  const takesNext = (word: string | undefined) => word?.startsWith('--') && typeof flags[word.slice(2)] === 'object'
  return words.filter((word, at) => !word.startsWith('--') && !takesNext(words[at - 1]))
}

function namesOf(kind: Kind, values: readonly string[], known: Surroundings): readonly string[] {
  switch (kind) {
    case 'user':
      return known.users
    case 'group':
      return known.groups
    case 'limit':
      return limitNames.map((name) => `${name}=`)
    case 'userOrLimit':
      return [...known.users, ...limitNames.map((name) => `${name}=`)]
    case 'operator':
      return known.operators
    case 'connection':
      return known.connections
    case 'connectionOrUser':
      return [...known.connections, ...known.users.map((name) => fieldWord('user', name))]
    case 'role':
      return operatorRoles
    case 'verb':
      return verbNames(known)
    case 'rule':
      return known.rules
    case 'setting':
      return namesWhere(({ secret }) => !secret)
    case 'liveSetting':
      return namesWhere(({ runtime = false }) => runtime)
    case 'value':
      return values.length === 1 ? valuesFor(values[0] ?? '') : []
  }
}

function namesWhere(holds: (shape: SettingShape) => boolean): string[] {
  return Object.entries<SettingShape>(settings).flatMap(([name, shape]) => (holds(shape) ? [name] : []))
}

function valuesFor(name: string): readonly string[] {
  const shape: SettingShape | undefined = Object.entries<SettingShape>(settings).find(([each]) => each === name)?.[1]
  if (!shape) return []
  if (shape.type === 'flag') return ['true', 'false']
  if (shape.choices) return shape.choices
  return typeof shape.default === 'object' || shape.default === '' ? [] : [String(shape.default)]
}

function verbNames({ may }: Surroundings): string[] {
  return Object.entries(verbs).flatMap(([name, verb]) => (may(verb) ? [name] : []))
}

/** Those of two words come with their second one. */
function firstWords(known: Surroundings): string[] {
  return verbNames(known).filter((name) => !name.includes(' '))
}

function secondWords(first: string, known: Surroundings): string[] {
  return verbNames(known).flatMap((name) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []))
}

function withoutFlags(verb: Verb, { withoutFlags }: Surroundings): Verb {
  const flags = Object.entries(verb.flags ?? {}).filter(([name]) => !withoutFlags.includes(name))
  return { ...verb, flags: Object.fromEntries(flags) }
}

function matching(names: readonly string[], typed: string): string[] {
  return names
    .filter((name) => name.startsWith(typed))
    .slice(0, most)
    .map(quoteWord)
}
