import { accessFields } from '../../shared/filter/access-fields.ts'
import type { Fields } from '../../shared/filter/fields.ts'
import { compileFilter, splitFilter } from '../../shared/filter/filter.ts'
import type { AccessEntry } from '../../shared/protocol/methods.ts'
import { Refusal } from '../refusal.ts'

/** Which entries somebody wants. */
export type EntryFilter = (entry: AccessEntry) => boolean

/** `~pattern`, anywhere or in a field: one that takes for ever would be the end of the log. */
const pattern = /^!*(?:[\w-]+[:=])?~/

/** Words of one filter: each looks into every field of every entry. */
const mostWords = 32

/** Compiles a filter of the access log as operators write it. Throws a Refusal for one that makes no sense. */
export function entryFilter(text: string): EntryFilter {
  return plainFilter(accessFields, text)
}

/** As `entryFilter`, for rows with any fields. */
export function plainFilter<Row>(fields: Fields<Row>, text: string): (row: Row) => boolean {
  const words = splitFilter(text)
  if (words.length > mostWords) throw new Refusal('invalid', `the filter has more than ${mostWords} words`)
  if (words.some((word) => !word.literal && pattern.test(word.text)))
    throw new Refusal('invalid', 'the filter takes no regular expressions here: * stands for any characters')
  const { matches, problem } = compileFilter({ fields }, text)
  if (problem !== null) throw new Refusal('invalid', problem)
  return matches
}
