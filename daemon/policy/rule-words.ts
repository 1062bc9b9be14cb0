/** A line that is no rule. `line` and `column` begin at 1. */
export class RuleSyntaxError extends Error {
  readonly line: number
  readonly column: number

  constructor(line: number, column: number, message: string) {
    super(`line ${line}, column ${column}: ${message}`)
    this.name = 'RuleSyntaxError'
    this.line = line
    this.column = column
  }
}

/** The words of one line, each with its place; what follows a `#` is a note. */
export class Words {
  readonly line: number
  readonly note: string
  readonly #words: { readonly text: string; readonly column: number }[]
  readonly #end: number
  #next = 0

  constructor(content: string, line: number) {
    // A quoted part may have spaces: user:"bob smith". One that is not closed takes all that is left: to look behind each
    // of its quotes for an end would take for ever.
    const pieces = content.matchAll(/(?<=^|\s)#.*$|(?:"(?:[^"\\]|\\.)*"|[^\s"])+|(?<open>".*$)/gs)
    const words = Array.from(pieces, ({ 0: text, index, groups }) => ({
      text,
      column: index + 1,
      isOpen: groups?.open !== undefined,
    }))
    const comment = words.at(-1)?.text.startsWith('#') ? words.pop() : undefined
    this.line = line
    this.note = comment?.text.slice(1).trim() ?? ''
    this.#words = words
    this.#end = content.slice(0, comment ? comment.column - 1 : undefined).trimEnd().length + 1
    const open = words.find(({ isOpen }) => isOpen)
    if (open) throw new RuleSyntaxError(line, open.column, 'this quote is not closed')
  }

  get atEnd(): boolean {
    return this.#next >= this.#words.length
  }

  peek(): string | undefined {
    return this.#words[this.#next]?.text
  }

  /** The next word, which `what` describes if it is missing. */
  take(what: string): string {
    const word = this.#words[this.#next]
    if (!word) throw this.error(`${what} is missing here`)
    this.#next++
    return word.text
  }

  /** An error at the next word, or with `back` at the one just taken. */
  error(message: string, back = 0): RuleSyntaxError {
    return new RuleSyntaxError(this.line, this.#words[this.#next - back]?.column ?? this.#end, message)
  }

  /** What `read` makes of the word just taken; its RangeError is told of that place. */
  read<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw error instanceof RangeError ? this.error(error.message, 1) : error
    }
  }

  list<T>(what: string, read: (item: string) => T): T[] {
    const text = this.take(what)
    return this.read(() => text.split(',').map((item) => read(item)))
  }
}

const actionsMeant: Readonly<Record<string, string>> = {
  allow: 'allow',
  accept: 'allow',
  permit: 'allow',
  pass: 'allow',
  deny: 'deny',
  block: 'deny',
  drop: 'deny',
  forbid: 'deny',
  reject: 'deny',
}

const clauseNames = ['from', 'to', 'port', 'cmd', 'resolving', 'until', 'via']

/** What somebody may have meant who begins a rule so: they may know other proxies and firewalls. Undefined: who knows. */
export function actionMeant(word: string): string | undefined {
  const lower = word.toLowerCase()
  return Object.hasOwn(actionsMeant, lower) ? actionsMeant[lower] : undefined
}

/** What somebody may have meant by a word that stands where a clause is to begin. */
export function clauseMeant(word: string, hasDestination: boolean): string {
  const lower = word.toLowerCase()
  if (clauseNames.includes(lower)) return `write ${lower} in lower case`
  if (lower === 'user' || lower === 'group') return `write ${lower}:NAME, with a colon, behind allow or deny`
  if (/^(?:user|group):/.test(word)) return 'it comes first, behind allow or deny'
  if (/^\d{1,5}(?:-\d{1,5})?(?:,|$)/.test(word)) return `did you mean: port ${word}`
  const isPlace = /[.:/*@]/.test(word) || word === 'special' || word === 'any'
  if (isPlace && hasDestination) return 'several destinations have a comma between them, and no space'
  if (isPlace) return `did you mean: to ${placeMeant(word)}`
  return `there are ${clauseNames.join(', ')}; a user is user:${word}, a destination: to ${word}`
}

/** `example.com:443` as a rule has it. */
function placeMeant(word: string): string {
  return word.replace(/^[a-z]+:\/\//, '').replace(/^([^:]+):(\d{1,5})$/, '$1 port $2')
}
