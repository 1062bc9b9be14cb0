import type { TableSpec } from './table.ts'

/** A compiled filter: what it shows, or why it cannot be used. */
export type Filter<Row> =
  | { readonly matches: (row: Row) => boolean; readonly problem: null }
  | { readonly matches: null; readonly problem: string }

/**
 * Compile a filter: words, all of which a row must match. `text` looks into every field and `field:text` into one,
 * regardless of case; `~pattern` is a regular expression; `!` before it all turns the word around.
 */
export function compileFilter<Row>(spec: Pick<TableSpec<Row>, 'fields'>, text: string): Filter<Row> {
  try {
    const tests = text
      .split(/\s+/)
      .filter(Boolean)
      .map((word) => compileWord(spec, word))
    return { matches: (row) => tests.every((test) => test(row)), problem: null }
  } catch (error) {
    if (error instanceof FilterError) return { matches: null, problem: error.message }
    throw error
  }
}

class FilterError extends Error {}

type Test<Row> = (row: Row) => boolean

function compileWord<Row>({ fields }: Pick<TableSpec<Row>, 'fields'>, word: string): Test<Row> {
  if (word.startsWith('!')) {
    // A lone `!` is a filter half typed: it hides nothing yet.
    const test = compileWord({ fields }, word.slice(1))
    return word === '!' ? () => true : (row) => !test(row)
  }
  const [, name, rest] = /^(\w+):(.*)$/.exec(word) ?? []
  const field = name !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined
  if (field && rest !== undefined) {
    const found = compileText(rest)
    return (row) => found(field(row))
  }
  const found = compileText(word)
  const all = Object.values(fields)
  return (row) => all.some((text) => found(text(row)))
}

function compileText(text: string): (value: string) => boolean {
  if (!text.startsWith('~')) {
    const wanted = text.toLowerCase()
    return (value) => value.toLowerCase().includes(wanted)
  }
  try {
    const pattern = new RegExp(text.slice(1), 'iu')
    return (value) => pattern.test(value)
  } catch {
    throw new FilterError(`not a regular expression: ${text.slice(1)}`)
  }
}
