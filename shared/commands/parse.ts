import { UsageError } from './usage-error.ts'
import type { Deed, Verb } from './verb.ts'
import { findVerb, usageOf } from './verbs.ts'
import { splitCommands, type Word } from './words.ts'

/** A command that is understood and can be carried out. */
export interface Command {
  readonly name: string
  readonly verb: Verb
  readonly run: Deed
}

/**
 * Understand a line of commands, all of them before any is carried out. `preset` are flags that count as given wherever
 * a command knows them. Throws `UsageError`.
 */
export function parseCommands(line: string, preset: readonly string[] = []): Command[] {
  return splitCommands(line).map(([first, ...rest]) => parseCommand(first as Word, rest, preset))
}

function parseCommand(first: Word, rest: readonly Word[], preset: readonly string[]): Command {
  const name = first.text
  const verb = findVerb(name, first.position)
  const known = Object.keys(verb.flags ?? {})
  const { values, flags } = readWords(name, rest, known)
  checkCount(name, verb, values, first.position)
  for (const flag of preset) if (known.includes(flag)) flags.add(flag)
  const texts = values.map(({ text }) => text)
  try {
    return { name, verb, run: verb.prepare(texts, flags) }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError(`${name}: ${error.message}`, first.position)
  }
}

/** Part flags from values. After `--` everything is a value. */
function readWords(name: string, words: readonly Word[], known: readonly string[]) {
  const values: Word[] = []
  const flags = new Set<string>()
  let onlyValues = false
  for (const word of words) {
    if (onlyValues || !word.text.startsWith('--')) {
      values.push(word)
    } else if (word.text === '--') {
      onlyValues = true
    } else {
      const flag = word.text.slice(2)
      // The flag is not repeated: it may hold a password.
      const problem = `${name} has no such flag; 'help ${name}' explains it`
      if (!known.includes(flag)) throw new UsageError(problem, word.position)
      flags.add(flag)
    }
  }
  return { values, flags }
}

function checkCount(name: string, verb: Verb, values: readonly Word[], position: number): void {
  const needed = verb.arguments.split(' ').filter((text) => text !== '')
  const fewest = needed.filter((text) => !text.startsWith('[')).length
  const most = verb.arguments.includes('...') ? Number.POSITIVE_INFINITY : needed.length
  const usage = usageOf(name, verb)
  if (values.length < fewest) {
    throw new UsageError(`${name} needs ${needed[values.length]?.replace('...', '')}; usage: ${usage}`, position)
  }
  // What is too much is not repeated either.
  const surplus = values[most]
  if (surplus) throw new UsageError(`too much for ${name}; usage: ${usage}`, surplus.position)
}
