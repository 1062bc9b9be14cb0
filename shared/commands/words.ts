import { UsageError } from './usage.ts'

export interface Word {
  readonly text: string
  /** Where it begins in the line, in UTF-16 units from 0. */
  readonly position: number
}

/** Part of a word: 'single quoted', "double quoted", \escaped, plain. */
const piece = /'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\.)*)"|\\(?<escaped>.)|(?<plain>[^\s;'"\\]+)/suy

/** What counts in JSON for finding its end; a string that nothing ends runs to the end of the line. */
const brace = /[{}]|"(?:[^"\\]|\\.)*(?:"|$)/gs

/**
 * Split a line into commands (`;` and line ends part them) and those into words, quoted as in a shell. A word that
 * begins with `{` is JSON as it stands, up to the closing brace. Empty commands are left out.
 * Throws `UsageError` if a quote, a brace or a backslash is left open.
 */
export function splitCommands(line: string): Word[][] {
  const commands: Word[][] = [[]]
  let at = 0
  while (at < line.length) {
    const character = line.charAt(at)
    if (character === ';' || character === '\n') commands.push([])
    if (character === ';' || /\s/.test(character)) {
      at += 1
      continue
    }
    const { text, end } = character === '{' ? readJson(line, at) : readWord(line, at)
    commands.at(-1)?.push({ text, position: at })
    at = end
  }
  return commands.filter((words) => words.length > 0)
}

function readWord(line: string, start: number): { text: string; end: number } {
  let text = ''
  let end = start
  piece.lastIndex = start
  for (let match = piece.exec(line); match; match = piece.exec(line)) {
    const { single, double, escaped, plain } = match.groups ?? {}
    text += double?.replace(/\\(["\\])/g, '$1') ?? single ?? escaped ?? plain
    end = piece.lastIndex
  }
  const stop = line.charAt(end)
  if (stop === '\\') throw new UsageError('nothing follows the backslash', end)
  if (stop === "'" || stop === '"') throw new UsageError(`unclosed ${stop}`, end)
  return { text, end }
}

/** A text as one word of a line. */
export function quoteWord(text: string): string {
  if (/^[^\s;'"\\{}]+$/u.test(text)) return text
  return text.includes("'") ? `"${text.replace(/["\\]/g, '\\$&')}"` : `'${text}'`
}

/** Whether it is JSON is not checked here. */
function readJson(line: string, start: number): { text: string; end: number } {
  let depth = 0
  brace.lastIndex = start
  for (let match = brace.exec(line); match; match = brace.exec(line)) {
    if (match[0] === '{') depth += 1
    if (match[0] === '}') depth -= 1
    if (depth === 0) return { text: line.slice(start, brace.lastIndex), end: brace.lastIndex }
  }
  throw new UsageError('unclosed {', start)
}
