import { safeText } from '../../shared/format/safe-text.ts'
import { now } from '../../shared/process-clock.ts'
import { tell } from './failure.ts'

/** Milliseconds between two texts: in a terminal one takes the place of the other, elsewhere each is a line. */
const period = { terminal: 200, elsewhere: 10_000 } as const
/** Carriage return, and erase to the end of the line (ECMA-48, EL). */
const newLine = '\r\u001b[K'

let isShown = false
let lastTold = now()

/** Tell on stderr how far something has come, unless that was told just now: what is done soon says nothing. */
export function tellProgress(text: string): void {
  const { isTTY } = process.stderr
  if (now() - lastTold < (isTTY ? period.terminal : period.elsewhere)) return
  lastTold = now()
  if (!isTTY) return tell(text)
  isShown = true
  process.stderr.write(`${newLine}${safeText(text).slice(0, (process.stderr.columns ?? 80) - 1)}`)
}

/** Take it off the terminal, and begin to wait anew. */
export function endProgress(): void {
  if (isShown) process.stderr.write(newLine)
  isShown = false
  lastTold = now()
}
