/** Manual pages, as man(7) wants them. */

export interface Manual {
  readonly name: string
  /** What comes behind the name in the list of manual pages. */
  readonly summary: string
  readonly synopsis: readonly string[]
  readonly sections: readonly Section[]
}

export interface Section {
  readonly title: string
  /** Paragraphs, and terms with what is said of each. */
  readonly body: readonly (string | Term)[]
}

/** What is written, such as `--port PORT`, and what it is for. */
export type Term = readonly [written: string, words: string]

/** Flags as the library that reads the command line describes them. */
export function termsOf(flags: readonly { readonly flags: string; readonly description: string }[]): Term[] {
  return flags.map(({ flags, description }) => [flags, description])
}

/** The text of a manual page of section 1. */
export function manualPage({ name, summary, synopsis, sections }: Manual): string {
  const lines = [
    `.TH ${name.toUpperCase()} 1`,
    '.SH NAME',
    `${escaped(name)} \\- ${escaped(summary)}`,
    '.SH SYNOPSIS',
    ...synopsis.flatMap((usage, i) => [...(i > 0 ? ['.br'] : []), `.B ${escaped(usage)}`]),
    ...sections.flatMap(({ title, body }) => [`.SH ${title}`, ...body.flatMap(blockOf)]),
  ]
  return `${lines.join('\n')}\n`
}

function blockOf(part: string | Term): string[] {
  if (typeof part === 'string') return ['.PP', lineOf(part)]
  const [written, words] = part
  return ['.TP', `.B ${escaped(written)}`, lineOf(words)]
}

/** A dot or a quote at the beginning of a line would be a request to the formatter. */
function lineOf(text: string): string {
  return escaped(text).replace(/^[.']/, '\\&$&')
}

/** A bare `-` may come out as a hyphen, which nobody can paste into a shell. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-')
}
