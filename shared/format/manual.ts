/** Manual pages, as man(7) wants them. */

export interface Manual {
  readonly name: string
  /** 1 for commands, 5 for formats of files, 8 for what runs the system. */
  readonly section: 1 | 5 | 8
  /** What comes behind the name in the list of manual pages. */
  readonly summary: string
  /** How the program is called; of a file's format none. */
  readonly synopsis: readonly string[]
  readonly sections: readonly Section[]
}

export interface Section {
  readonly title: string
  /** Paragraphs, terms with what is said of each, and examples. */
  readonly body: readonly (string | Term | Example)[]
}

/** What is written, such as `--port PORT`, and what it is for. */
export type Term = readonly [written: string, words: string]

/** Lines as they would stand in a file, or be typed. */
export interface Example {
  readonly lines: readonly string[]
}

/** When the pages were gone through last. */
const revised = '2026-11-29'

/** Characters of a line of the source. */
const widest = 78

const headings = { 1: 'User Commands', 5: 'File Formats', 8: 'System Administration' } as const

/** Flags as the library that reads the command line describes them. */
export function termsOf(flags: readonly { readonly flags: string; readonly description: string }[]): Term[] {
  return flags.map(({ flags, description }) => [flags, description])
}

/** The text of a manual page of this version of proxyd. */
export function manualPage({ name, section, summary, synopsis, sections }: Manual, version: string): string {
  const usages = synopsis.flatMap((usage, i) => [...(i > 0 ? ['.br'] : []), `.B ${escaped(usage)}`])
  const lines = [
    `.TH ${name.toUpperCase()} ${section} ${revised} "proxyd ${version}" "${headings[section]}"`,
    '.SH NAME',
    `${escaped(name)} \\- ${escaped(summary)}`,
    ...(usages.length > 0 ? ['.SH SYNOPSIS', ...usages] : []),
    ...sections.flatMap(({ title, body }) => [`.SH ${title}`, ...body.flatMap(blockOf)]),
  ]
  return `${lines.join('\n')}\n`
}

function blockOf(part: string | Term | Example, place: number): string[] {
  // Below a heading a paragraph begins without being told to.
  const begin = place === 0 ? [] : ['.PP']
  if (typeof part === 'string') return [...begin, ...linesOf(part)]
  if ('lines' in part) return [...begin, '.RS 4', '.nf', ...part.lines.map(lineOf), '.fi', '.RE']
  const [written, words] = part
  return ['.TP', `.B ${escaped(written)}`, ...linesOf(words)]
}

/** Broken between words, since not every formatter likes long ones. */
function linesOf(text: string): string[] {
  const lines: string[] = []
  for (const word of escaped(text).split(' ')) {
    const line = lines.pop()
    const longer = line === undefined ? word : `${line} ${word}`
    if (line === undefined || longer.length <= widest) lines.push(longer)
    else lines.push(line, word)
  }
  return lines.map(unlikeRequest)
}

function lineOf(text: string): string {
  return unlikeRequest(escaped(text))
}

/** A dot or a quote at the beginning of a line would be a request to the formatter. */
function unlikeRequest(line: string): string {
  return line.replace(/^[.']/, '\\&$&')
}

/** A bare `-` may come out as a hyphen, which nobody can paste into a shell; not every terminal has the ellipsis. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('…', '...')
}
