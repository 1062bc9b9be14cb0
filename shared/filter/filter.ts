import { guessAt } from '../likeliest.ts'
import { amountExamples, parseAmount } from './amounts.ts'
import type { Field, Fields } from './fields.ts'
import { FilterError, matchExactly, matchPart, matchPlace, matchText } from './match.ts'

/** A compiled filter: what it shows and the fields that it asks by name, or why it cannot be used. */
type Filter<Row> =
  | { readonly matches: (row: Row) => boolean; readonly asks: ReadonlySet<string>; readonly problem: null }
  | { readonly matches: null; readonly problem: string }

/**
 * Compile a filter: words, all of which a row must match. `text` looks into every field and `field:text` into one, both
 * regardless of case; a `*` in it stands for anything, and then it must be all of the field. Users, states and ports are
 * asked for exactly, numbers are compared (`rate>1M`), places by range, too (`src:10.0.0.0/8`). `~pattern` is a regular
 * expression, `!` before it all turns the word around, and quotes keep spaces and signs. A field that there is not is a
 * mistake, and so is a word that a field never has. While it is `typed`, its last word may be the beginning of what would
 * be asked for exactly.
 */
export function compileFilter<Row>(
  { fields }: { readonly fields: Fields<Row> },
  text: string,
  typed = false,
): Filter<Row> {
  try {
    const words = splitFilter(text)
    const tests = words.map((word, at) => compileWord(fields, word, typed && at === words.length - 1))
    const asks = new Set(words.flatMap(({ text, literal }) => (literal ? [] : [partsOf(text.replace(/^!+/, '')).name])))
    return { matches: (row) => tests.every((test) => test(row)), asks, problem: null }
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
  const { name, sign, value } = partsOf(text)
  const field = !literal && Object.hasOwn(fields, name) ? fields[name] : undefined
  if (field && isAmount(field)) return compileAmount(field, sign, value, text)
  if (field && (sign === ':' || sign === '=')) return compileField(field, value, text, typed)
  if (field && sign !== '') throw new FilterError(`${text}: ${name} is no number: ask for ${name}:WORD`)
  if (!literal && looksLikeField(name, sign, value)) throw unknownField(fields, text, name)
  return compileAnywhere(fields, text, literal)
}

/** `name`, `sign` and `value` of `name:value`; all of them empty for what is not written so. */
function partsOf(text: string): { readonly name: string; readonly sign: string; readonly value: string } {
  const [, name = '', sign = '', value = ''] = /^([\w-]+)(>=|<=|[:<>=])(.*)$/s.exec(text) ?? []
  return { name, sign, value }
}

/** Not so a port behind a host (`localhost:443`), an IPv6 address, or `key=value`, which is a text of the log. */
function looksLikeField(name: string, sign: string, value: string): boolean {
  if (sign === '' || sign === '=' || !/^[a-z]/i.test(name)) return false
  return sign !== ':' || !(/^\d+$/.test(value) || /^[\da-f]*:[\da-f:.%]*$/i.test(value))
}

function unknownField<Row>(fields: Fields<Row>, word: string, name: string): FilterError {
  const names = Object.keys(fields)
  const mend = guessAt(name, names) ?? `the fields are ${names.join(', ')}`
  return new FilterError(`${word}: there is no field ${name}; ${mend}; in quotes it is a text to look for`)
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
    if (field.choices) refuseOther(field.choices, value, word, typed)
    const found = matchExactly(value, word, typed)
    return (row) => of(row).some(found)
  }
  const found = kind === 'place' ? matchPlace(value, word) : matchText(value, word)
  return (row) => found(of(row))
}

/** A word that the field never has would show nothing, and not say why. */
function refuseOther(choices: readonly string[], value: string, word: string, typed: boolean): void {
  if (value.startsWith('~') || value.includes('*')) return
  if (choices.some((choice) => (typed ? choice.startsWith(value) : choice === value))) return
  throw new FilterError(`${word}: it is one of ${choices.join(', ')}`)
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

/** A filter of words that a shell or a line of commands has taken the quotes from: those with spaces get theirs back. */
export function joinFilter(words: readonly string[]): string {
  return words
    .map((word) => (/\s/.test(word) && !word.includes('"') ? word.replace(/^(!?[\w-]+[:=])?(.*)$/s, '$1"$2"') : word))
    .join(' ')
}

/** The word that asks for this very text in a field, quoted where it must be. */
export function fieldWord(field: string, text: string): string {
  return /[\s"]/.test(text) ? `${field}:"${text.replaceAll('"', '')}"` : `${field}:${text}`
}
