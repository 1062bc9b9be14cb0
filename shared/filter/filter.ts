import { amountExamples, parseAmount } from './amounts.ts'
import type { Field, Fields } from './fields.ts'
import { FilterError, matchExactly, matchPart, matchPlace, matchText } from './match.ts'

/** A compiled filter: what it shows, or why it cannot be used. */
type Filter<Row> =
  | { readonly matches: (row: Row) => boolean; readonly problem: null }
  | { readonly matches: null; readonly problem: string }

/**
 * Compile a filter: words, all of which a row must match. `text` looks into every field and `field:text` into one, both
 * regardless of case; a `*` in it stands for anything, and then it must be all of the field. Users, states and ports are
 * asked for exactly, numbers are compared (`rate>1M`), places by range, too (`src:10.0.0.0/8`). `~pattern` is a regular
 * expression, `!` before it all turns the word around, and quotes keep spaces. While it is `typed`, its last word may be
 * the beginning of what would be asked for exactly.
 */
export function compileFilter<Row>(
  { fields }: { readonly fields: Fields<Row> },
  text: string,
  typed = false,
): Filter<Row> {
  try {
    const words = splitFilter(text)
    const tests = words.map((word, at) => compileWord(fields, word, typed && at === words.length - 1))
    return { matches: (row) => tests.every((test) => test(row)), problem: null }
  } catch (error) {
    if (error instanceof FilterError) return { matches: null, problem: error.message }
    throw error
  }
}

type Test<Row> = (row: Row) => boolean
type Amount<Row> = Extract<Field<Row>, { of(row: Row): number }>
type Words<Row> = Exclude<Field<Row>, Amount<Row>>

function compileWord<Row>(fields: Fields<Row>, { text, literal }: FilterWord, typed: boolean): Test<Row> {
  if (text.startsWith('!') && !literal) {
    // A lone `!` is a filter half typed: it hides nothing yet.
    const test = compileWord(fields, { text: text.slice(1), literal }, typed)
    return text === '!' ? () => true : (row) => !test(row)
  }
  const [, name = '', sign = '', value = ''] = /^([\w-]+)(>=|<=|[:<>=])(.*)$/s.exec(text) ?? []
  const field = !literal && Object.hasOwn(fields, name) ? fields[name] : undefined
  if (field && isAmount(field)) return compileAmount(field, sign, value, text)
  if (field && (sign === ':' || sign === '=')) return compileField(field, value, text, typed)
  return compileAnywhere(fields, text, literal)
}

function isAmount<Row>(field: Field<Row>): field is Amount<Row> {
  return field.kind === 'count' || field.kind === 'bytes' || field.kind === 'time'
}

const comparisons: Readonly<Record<string, (value: number, wanted: number) => boolean>> = {
  '>': (value, wanted) => value > wanted,
  '<': (value, wanted) => value < wanted,
  '>=': (value, wanted) => value >= wanted,
  '<=': (value, wanted) => value <= wanted,
}

/** What is half typed hides nothing yet. */
function compileAmount<Row>({ kind, of }: Amount<Row>, sign: string, value: string, word: string): Test<Row> {
  if (value === '') return () => true
  const wanted = parseAmount(value, kind)
  if (wanted === null) throw new FilterError(`${word}: a number is wanted, such as ${amountExamples[kind]}`)
  const compare = comparisons[sign] ?? ((one, other) => one === other)
  return (row) => compare(of(row), wanted)
}

function compileField<Row>(field: Words<Row>, value: string, word: string, typed: boolean): Test<Row> {
  if (value === '') return () => true
  const { kind, of } = field
  if (kind === 'word') {
    const found = matchExactly(value, word, typed)
    return (row) => of(row).some(found)
  }
  const found = kind === 'place' ? matchPlace(value, word) : matchText(value, word)
  return (row) => found(of(row))
}

function compileAnywhere<Row>(fields: Fields<Row>, text: string, literal: boolean): Test<Row> {
  const found = literal ? matchPart(text) : matchText(text, text)
  const place = literal ? found : matchPlace(text, text)
  const tests = Object.values(fields).flatMap((field): Test<Row>[] => {
    if (isAmount(field)) return []
    const { kind, of } = field
    if (kind === 'word') return [(row) => of(row).some(found)]
    return [(row) => (kind === 'place' ? place : found)(of(row))]
  })
  return (row) => tests.some((test) => test(row))
}

/** One word of a filter. */
interface FilterWord {
  readonly text: string
  /** It began with a quote: nothing in it has a meaning of its own. */
  readonly literal: boolean
}

/** A filter's words, split at spaces outside double quotes. A quote that is not closed yet goes on to the end. */
export function splitFilter(filter: string): FilterWord[] {
  return Array.from(filter.matchAll(/(?:"[^"]*(?:"|$)|[^\s"])+/g), ([word]) => ({
    text: word.replaceAll('"', ''),
    literal: word.startsWith('"'),
  }))
}

/** The word that asks for this very text in a field, quoted where it must be. */
export function fieldWord(field: string, text: string): string {
  return /[\s"]/.test(text) ? `${field}:"${text.replaceAll('"', '')}"` : `${field}:${text}`
}
