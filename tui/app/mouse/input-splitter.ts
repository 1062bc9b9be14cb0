/** Something that a mouse did, on the cell at this column and row of the screen, from 0. */
export interface MouseEvent {
  readonly kind: 'press' | 'wheelUp' | 'wheelDown'
  readonly column: number
  readonly row: number
}

/** What came from the terminal, the mouse apart. */
export interface Split {
  /** All that is no mouse's, as it came. */
  readonly keys: string
  readonly mouse: readonly MouseEvent[]
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
const sequences = /\u001b\[[0-?]*[ -/]*[@-~]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const unfinished = /\u001b(?:\[[0-?]{0,32}[ -/]*)?$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const mouseReport = /^\u001b\[<(\d{1,4});(\d{1,4});(\d{1,4})([Mm])$/
/** What remains of a report whose beginning was taken for the key Esc, because the rest came late. */
const lateReport = /^\[?<\d{1,4};\d{1,4};\d{1,4}[Mm]/
const pasteBegins = '\u001b[200~'
const pasteEnds = '\u001b[201~'
const mouseBegins = '\u001b[<'

/**
 * Takes the mouse's reports (xterm's SGR mode, 1006) out of what a terminal sends, in whatever pieces it comes, so that
 * no part of one is taken for keys. A paste is left alone: what it holds was not clicked.
 */
export class InputSplitter {
  #held = ''
  #pasting = false
  /** The last was a beginning that nobody finished in time. */
  #gaveUp = false

  /** Whether a beginning is held that may also be a key of its own: `flush` it if nothing follows soon. */
  get isWaiting(): boolean {
    return this.#held !== '' && !this.#held.startsWith(mouseBegins)
  }

  push(chunk: string): Split {
    const text = this.#held + (this.#gaveUp ? chunk.replace(lateReport, '') : chunk)
    this.#gaveUp = false
    const held = unfinished.exec(text)?.[0] ?? ''
    this.#held = held
    const mouse: MouseEvent[] = []
    const keys = text.slice(0, text.length - held.length).replace(sequences, (sequence) => {
      if (sequence === pasteBegins) this.#pasting = true
      if (sequence === pasteEnds) this.#pasting = false
      const report = this.#pasting ? null : mouseReport.exec(sequence)
      if (!report) return sequence
      const event = read(report)
      if (event) mouse.push(event)
      return ''
    })
    return { keys, mouse }
  }

  /** Give up waiting: what was held is keys. */
  flush(): string {
    const keys = this.#held
    this.#held = ''
    this.#gaveUp = keys !== ''
    return keys
  }
}

/** Bits of a report's first number: the wheel, motion, and which button. */
const wheel = 64
const motion = 32
const button = 3

/** A left button pressed, or a wheel turned; nothing else is asked for. */
function read([, code, column, row, end]: RegExpExecArray): MouseEvent | null {
  const what = Number(code)
  const at = { column: Number(column) - 1, row: Number(row) - 1 }
  if (end === 'm' || what & motion) return null
  if (what & wheel) return (what & button) > 1 ? null : { kind: (what & button) === 0 ? 'wheelUp' : 'wheelDown', ...at }
  return (what & button) === 0 ? { kind: 'press', ...at } : null
}
