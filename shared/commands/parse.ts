import { guessAt } from '../likeliest.ts'
import { limitNames } from '../limits.ts'
import { UsageError } from './usage.ts'
import type { Call, Deed, Flag, Known, Question, Verb } from './verb.ts'
import { findVerb, usageOf, verbNameIn, verbsBelow } from './verbs.ts'
import { quoteWord, splitCommands, type Word } from './words.ts'

/** Flags that keep a call from coming too late: a line that is typed is about what is so then. */
const momentary: readonly string[] = ['revision', 'was']

/** A command that is understood and can be carried out. */
export interface Command {
  readonly name: string
  readonly verb: Verb
  readonly call: Call
  readonly run: Deed
}

/** The command that a call is. Throws `UsageError`. */
export function commandOf(call: Call): Command {
  const verb = findVerb(call.verb)
  return { name: call.verb, verb, call, run: verb.prepare(call.values, flagsOf(call)) }
}

/** What to ask before a call is carried out; a text tells why there is nothing to do; null: nothing is asked. */
export function questionBefore(call: Call, known: Known): Question | string | null {
  return findVerb(call.verb).ask?.(call.values, flagsOf(call), known) ?? null
}

function flagsOf({ flags = {} }: Call): ReadonlyMap<string, string> {
  return new Map(Object.entries(flags))
}

/**
 * Understand a line of commands, all of them before any is carried out. `preset` are flags that count as given wherever
 * a command knows them. Throws `UsageError`.
 */
export function parseCommands(line: string, preset: readonly string[] = []): Command[] {
  return splitCommands(line).map((words) => parseCommand(words, preset))
}

function parseCommand(words: readonly Word[], preset: readonly string[]): Command {
  const [first] = words as [Word]
  const name = verbNameIn(words.map(({ text }) => text))
  const rest = words.slice(name === first.text ? 1 : 2)
  const verb = findVerb(name, first.position)
  const known = new Map(Object.entries(verb.flags ?? {}))
  refuseNearMiss(name, first, words[1])
  const { values, flags } = readWords(name, verb, rest, known)
  checkCount(name, verb, values, first.position)
  for (const flag of preset) if (known.has(flag)) flags.set(flag, '')
  const texts = values.map(({ text }) => text)
  try {
    return commandOf({ verb: name, values: texts, flags: Object.fromEntries(flags) })
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError(`${name}: ${error.message}`, first.position)
  }
}

/** A slip in `rules add` must not become a filter that nothing matches, and look like a success. */
function refuseNearMiss(name: string, first: Word, second: Word | undefined): void {
  if (!second || name !== first.text) return
  const below = verbsBelow(name).map(([verb]) => verb.slice(name.length + 1))
  const guess = guessAt(second.text, below, (verb) => `${name} ${verb}`)
  if (guess === undefined) return
  const filter = findVerb(name).arguments === '[WORD...]' ? `; as a filter write *${second.text}*` : ''
  throw new UsageError(`there is no ${name} ${second.text}; ${guess}${filter}`, second.position)
}

/** Part flags from values. After `--` everything is a value. */
function readWords(name: string, verb: Verb, words: readonly Word[], known: ReadonlyMap<string, Flag>) {
  const values: Word[] = []
  const flags = new Map<string, string>()
  const rest = words.values()
  for (const word of rest) {
    if (word.text === '--') values.push(...rest)
    else if (word.text.startsWith('--')) readFlag(name, verb, word, rest, known, flags)
    else values.push(word)
  }
  return { values, flags }
}

/** `--flag`, `--flag VALUE` or `--flag=VALUE`. What is refused is not repeated: it may hold a password. */
function readFlag(
  name: string,
  verb: Verb,
  { text, position }: Word,
  rest: Iterator<Word>,
  known: ReadonlyMap<string, Flag>,
  flags: Map<string, string>,
): void {
  const [, given = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(text) ?? []
  const flag = known.get(given)
  const explained = `'help ${name}' explains it`
  if (flag === undefined) {
    const guess = guessAtFlag(given, verb, known)
    throw new UsageError(`${name} has no such flag; ${guess ? `${guess}, and ` : ''}${explained}`, position)
  }
  if (flags.has(given)) throw new UsageError(`--${given} is given twice`, position)
  if (typeof flag === 'string') {
    if (value !== undefined) throw new UsageError(`--${given} takes no value; ${explained}`, position)
    flags.set(given, '')
    return
  }
  const said = value ?? rest.next().value?.text
  if (said === undefined) throw new UsageError(`--${given} needs ${flag.value}; ${explained}`, position)
  flags.set(given, said)
}

/** Limits are given without dashes. */
function guessAtFlag(given: string, { takes = [] }: Verb, known: ReadonlyMap<string, Flag>): string | undefined {
  const fields = takes.some((kind) => kind === 'limit' || kind === 'userOrLimit') ? limitNames : []
  return guessAt(given, [...known.keys(), ...fields], (flag) => (known.has(flag) ? `--${flag}` : `${flag}=VALUE`))
}

function checkCount(name: string, verb: Verb, values: readonly Word[], position: number): void {
  const needed = verb.arguments.split(' ').filter((text) => text !== '')
  const fewest = needed.filter((text) => !text.startsWith('[')).length
  const most = verb.arguments.includes('...') ? Number.POSITIVE_INFINITY : needed.length
  const usage = usageOf(name, verb)
  if (values.length < fewest) {
    const missing = needed.filter((text) => !text.startsWith('['))[values.length]
    throw new UsageError(`${name} needs ${missing?.replace('...', '')}; usage: ${usage}`, position)
  }
  // What is too much is not repeated either.
  const surplus = values[most]
  if (!surplus) return
  const more = verbsBelow(name).length > 0 ? `; 'help ${name}' lists what else there is` : ''
  throw new UsageError(`too much for ${name}; usage: ${usage}${more}`, surplus.position)
}

/** A call as a line of commands, as `--exec` takes it. No password is in it: those are asked for. */
export function lineOf({ verb, values, flags = {} }: Call): string {
  const given = Object.entries(flags).filter(([name]) => !momentary.includes(name))
  const flagWords = given.map(([name, value]) => (value === '' ? `--${name}` : `--${name}=${value}`))
  // A value that looks like a flag stands behind what ends the flags.
  const isPlain = values.every((value) => !value.startsWith('--'))
  const words = isPlain ? [...values, ...flagWords] : [...flagWords, '--', ...values]
  return [verb, ...words.map(quoteWord)].join(' ')
}
