/** Milliseconds for which a text is not told again. */
const quietTime = 10_000
/** Texts remembered at once. */
const most = 16

/**
 * Tells each text at most once in ten seconds: what comes and goes many times a second would fill the log. `now`:
 * milliseconds on a clock that only goes forward.
 */
export function withoutRepeats(
  tell: (text: string) => void,
  now: () => number = () => performance.now(),
): (text: string) => void {
  const toldAt = new Map<string, number>()
  return (text) => {
    const last = toldAt.get(text)
    if (last !== undefined && now() - last < quietTime) return
    toldAt.delete(text)
    toldAt.set(text, now())
    const [oldest = text] = toldAt.keys()
    if (toldAt.size > most) toldAt.delete(oldest)
    tell(text)
  }
}
