/** One word of a filter. */
export interface FilterWord {
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
