import type { AmountKind } from './amounts.ts'

/** What a filter can ask of a row by name. */
export type Field<Row> =
  /** A text that is searched. */
  | { readonly kind: 'text'; of(row: Row): string }
  /** Words of which one must be the very one that is asked for. */
  | { readonly kind: 'word'; of(row: Row): readonly string[] }
  /** `host:port`, which is searched, or asked for by host or range of addresses; empty if there is none. */
  | { readonly kind: 'place'; of(row: Row): string }
  /** A number that is compared; NaN if there is none. */
  | { readonly kind: AmountKind; of(row: Row): number }

/** The fields of a table, by the names that a filter knows them by. */
export type Fields<Row> = Readonly<Record<string, Field<Row>>>

export function textField<Row>(of: (row: Row) => string): Field<Row> {
  return { kind: 'text', of }
}

export function wordField<Row>(of: (row: Row) => readonly string[]): Field<Row> {
  return { kind: 'word', of }
}

export function placeField<Row>(of: (row: Row) => string): Field<Row> {
  return { kind: 'place', of }
}

export function amountField<Row>(kind: AmountKind, of: (row: Row) => number): Field<Row> {
  return { kind, of }
}
