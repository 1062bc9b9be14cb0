import type { AmountKind } from './amounts.ts'

/** What a filter can ask of a row by name. */
export type Field<Row> =
  /** A text that is searched. */
  | { readonly kind: 'text'; of(row: Row): string }
  /** Words of which one must be the very one that is asked for; `choices` are all that there are, if they are known. */
  | { readonly kind: 'word'; of(row: Row): readonly string[]; readonly choices?: readonly string[] }
  /** `host:port`, which is searched, or asked for by host or range of addresses; empty if there is none. */
  | { readonly kind: 'place'; of(row: Row): string }
  /** A number that is compared; NaN if there is none. */
  | { readonly kind: AmountKind; of(row: Row): number }

/** The fields of a table, by the names that a filter knows them by. */
export type Fields<Row> = Readonly<Record<string, Field<Row>>>

export function textField<Row>(of: (row: Row) => string): Field<Row> {
  return { kind: 'text', of }
}

export function wordField<Row>(of: (row: Row) => readonly string[], choices?: readonly string[]): Field<Row> {
  return { kind: 'word', of, ...(choices && { choices }) }
}

export function placeField<Row>(of: (row: Row) => string): Field<Row> {
  return { kind: 'place', of }
}

export function amountField<Row>(kind: AmountKind, of: (row: Row) => number): Field<Row> {
  return { kind, of }
}

type Kinds = Readonly<Record<string, Pick<Field<never>, 'kind'>>>

/** How a filter for a table with these fields is written, as lines for the help. */
export function filterHelp(fields: Kinds): string[] {
  const hasPlaces = Object.values(fields).some(({ kind }) => kind === 'place')
  return [
    '',
    ' A filter is made of words, and shows what matches all:',
    '   text           anywhere in the row',
    '   ab*yz          * is anything: all of a field',
    '   "two words"    with spaces and signs',
    '   ~pattern       a regular expression',
    '   !word          rows that do not match it',
    '   field:word     in one field; its name is one of these:',
    ...fieldLines(fields),
    ...(hasPlaces ? ['   such as dst:*.example.com dst:443 src:10.0.0.0/8 !user:alice state:open'] : []),
  ]
}

/** The names of the fields by what is asked of them, a line for each kind. */
export function fieldLines(fields: Kinds): string[] {
  const names = (...kinds: readonly Field<never>['kind'][]) =>
    Object.entries(fields).flatMap(([name, { kind }]) => (kinds.includes(kind) ? [name] : []))
  return [
    ...fieldLine('searched', names('text')),
    ...fieldLine('to the letter', names('word')),
    ...fieldLine('places', names('place')),
    ...fieldLine('numbers', names('count'), '>', ' >10k'),
    ...fieldLine('bytes', names('bytes'), '>', ' >1.5M <8Mbit'),
    ...fieldLine('times', names('time'), '>', ' >30s <1h30m'),
  ]
}

function fieldLine(what: string, names: readonly string[], sign = ':', examples = ''): string[] {
  if (names.length === 0) return []
  return [`   ${what.padEnd(14)} ${names.map((name) => name + sign).join(' ')}${examples && `   such as${examples}`}`]
}
