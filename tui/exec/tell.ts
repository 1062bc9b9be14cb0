import { safeText } from '../../shared/format/safe-text.ts'

/** Say something to the person, on stderr and in one line whatever is in it. If nobody reads that, so be it. */
export function tell(text: string): void {
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => {})
  process.stderr.write(`${safeText(text)}\n`)
}

/** Tell what went wrong, and who says so. */
export function complain(problem: string): void {
  tell(`proxy-tui: ${problem}`)
}
