// biome-ignore-all lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one

import { type Background, readBackground } from './background.ts'

/** Something that a mouse did, on the cell at this column and row of the screen, from 0. */
export interface MouseEvent {
  readonly kind: 'press' | 'wheelUp' | 'wheelDown'
  readonly column: number
  readonly row: number
}

/** What came from the terminal, answers apart. */
interface Split {
  /** Keys, whose escape sequences are whole, and what the mouse did, in the order in which they came. */
  readonly parts: readonly (string | MouseEvent)[]
  /** What the terminal answers when it is asked for its background. */
  readonly background?: Background | undefined
}

const esc = '\u001b'
// CSI (ECMA-48 5.4) with two that break its rules: the Linux console's ESC [ [ A and rxvt's ESC [ 5 $; SS3;
// and the answer to OSC 11.
const sequences =
  /\u001b(?:\[(?:[2-8]\$|\[?[0-?]*[ -/]*[@-Z\\-~])|O[\d;]*[@-~]|\]11;[^\u0007\u001b]{0,64}(?:\u0007|\u001b\\))/g
const unfinished = /\u001b(?:\[\[?[0-?]{0,32}[ -/]*|O[\d;]{0,32}|\]1?|\]11(?:;[^\u0007\u001b]{0,64}\u001b?)?)?$/
const mouseReport = /^\u001b\[<(\d{1,4});(\d{1,4});(\d{1,4})([Mm])$/
/** What terminals send, but for pastes, so that a person who types Esc, [ and j is not mistaken for one. */
const terminal =
  /^\u001b(?:\[(?:\d[\d;]*[~^$]|[\d;]*[A-HPQRSZ]|\[[A-E]|<[\d;]*[Mm])|O[\d;]*[A-HP-S]|\]11;.*?(?:\u0007|\u001b\\))/
const answer = '\u001b]11;'
const pasteBegins = '\u001b[200~'
const pasteEnds = '\u001b[201~'

/** Milliseconds that Esc waits for the rest of a sequence before it is a key, and that this rest may take. */
const patience = { esc: 100, rest: 1000 }

/**
 * Tells the mouse's reports (xterm's SGR mode, 1006) and answers from the keys in what a terminal sends, in whatever
 * pieces that comes: over a slow line the rest of PageUp, `[5~`, may come late, and no part of it is a key. A paste is
 * left alone: what it holds was not clicked.
 */
export class InputSplitter {
  /** The beginning of a sequence. */
  #held = ''
  /** Nothing followed in time, so the Esc that `#held` begins with has been a key; what still comes is not. */
  #isLate = false
  #pasting = false

  /** Milliseconds after which to `giveUp` if nothing follows; null: wait for ever. */
  get patience(): number | null {
    if (this.#held === esc && !this.#isLate) return patience.esc
    // Alt-[, Alt-O and Alt-] begin so, too. With more it can only be a terminal's.
    const isTyped = this.#held !== '' && (this.#held.length <= 2 || answer.startsWith(this.#held))
    return isTyped || this.#pasting ? patience.rest : null
  }

  push(chunk: string): Split {
    let text = this.#held + chunk
    this.#held = ''
    if (this.#isLate) {
      const whole = terminal.exec(text)?.[0]
      if (whole === undefined && unfinished.exec(text)?.index === 0) {
        this.#held = text
        return { parts: [] }
      }
      this.#isLate = false
      text = text.slice(whole?.length ?? esc.length)
    }
    const held = unfinished.exec(text)?.[0] ?? ''
    this.#held = held
    const parts: (string | MouseEvent)[] = []
    let background: Background | undefined
    const whole = text.slice(0, text.length - held.length)
    let keysFrom = 0
    const keysUntil = (end: number) => end > keysFrom && parts.push(whole.slice(keysFrom, end))
    for (const { 0: sequence, index } of whole.matchAll(sequences)) {
      if (sequence === pasteBegins) this.#pasting = true
      if (sequence === pasteEnds) this.#pasting = false
      const report = mouseReport.exec(sequence)
      if (this.#pasting || !(report || sequence.startsWith(answer))) continue
      keysUntil(index)
      keysFrom = index + sequence.length
      const event = report && read(report)
      if (event) parts.push(event)
      if (!report) background = readBackground(sequence) ?? background
    }
    keysUntil(whole.length)
    return { parts, background }
  }

  /** Nothing has followed in time. What was held is returned as far as it is a key of its own. */
  giveUp(): string {
    const held = this.#held
    const wasLate = this.#isLate
    this.#isLate = held === esc && !wasLate && !this.#pasting
    if (this.#isLate) return esc
    this.#held = ''
    if (this.#pasting) return held
    return wasLate ? held.slice(esc.length) : ''
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
