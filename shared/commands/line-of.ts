import type { Call } from './verb.ts'
import { quoteWord } from './words.ts'

/** Flags that keep a call from coming too late: a line that is typed is about what is so then. */
const momentary: readonly string[] = ['revision', 'was']

/** A call as a line of commands, as `--exec` takes it. No password is in it: those are asked for. */
export function lineOf({ verb, values, flags = {} }: Call): string {
  const given = Object.entries(flags).filter(([name]) => !momentary.includes(name))
  const flagWords = given.map(([name, value]) => (value === '' ? `--${name}` : `--${name}=${value}`))
  // A value that looks like a flag stands behind what ends the flags.
  const isPlain = values.every((value) => !value.startsWith('--'))
  const words = isPlain ? [...values, ...flagWords] : [...flagWords, '--', ...values]
  return [verb, ...words.map(quoteWord)].join(' ')
}
