import type { Fields } from '../filter/fields.ts'
import { compileFilter, joinFilter } from '../filter/filter.ts'
import { UsageError } from './usage.ts'

/** What the words of a filter are, for the help of a verb that takes them. */
export const filterWords = [
  ['WORD', "a text anywhere in the row; 'help filter' has the fields"],
  ['user:bob', 'in one field, dst:*.example.com with * for anything, src:10.0.0.0/8 for a network'],
  ['bytes>1M', 'a number'],
  ['!user:bob', 'those that the word is not true of'],
] as const

/** The filter that these words make: as one text, and compiled. Throws `UsageError` if it makes no sense. */
export function readFilter<Row>(fields: Fields<Row>, words: readonly string[]) {
  const text = joinFilter(words)
  const { matches, asks, problem } = { asks: new Set<string>(), ...compileFilter({ fields }, text) }
  if (matches === null) throw new UsageError(`${problem}; 'help filter' tells how it is written`)
  return { text, matches, asks }
}
