/** Names told as meant by one word: more are no help. */
const most = 8

/**
 * The end of a sentence about what was probably meant by `typed`, such as `perhaps --port is meant`; undefined if none of
 * `known` is near. `written` puts a name as the person would write it.
 */
export function guessAt(
  typed: string,
  known: readonly string[],
  written: (name: string) => string = (name) => name,
): string | undefined {
  const names = likeliest(typed, known).map(written)
  if (names.length === 0) return undefined
  const others = names.slice(0, -1).join(', ')
  return `perhaps ${others === '' ? '' : `${others} or `}${names.at(-1)} is meant`
}

/**
 * Those of `known` that were probably meant by `typed`: which it begins; or else to which, or then to a word of which, the
 * fewest slips of the hand lead, at most one in three characters.
 */
function likeliest(typed: string, known: readonly string[]): readonly string[] {
  const wanted = typed.toLowerCase()
  const begun = wanted.length > 1 ? known.filter((name) => name.startsWith(wanted)) : []
  if (begun.length > 0) return begun.slice(0, most)
  const whole = nearest(wanted, known, (name) => [name])
  return (whole.length > 0 ? whole : nearest(wanted, known, (name) => name.split(/[- ]/))).slice(0, most)
}

function nearest(wanted: string, known: readonly string[], textsOf: (name: string) => readonly string[]): string[] {
  const allowed = Math.max(1, Math.floor(wanted.length / 3))
  const counts = known.map((name) => {
    return { name, count: Math.min(...textsOf(name.toLowerCase()).map((text) => slips(wanted, text))) }
  })
  const fewest = Math.min(allowed, ...counts.map(({ count }) => count))
  return counts.flatMap(({ name, count }) => (count === fewest ? [name] : []))
}

/**
 * How many letters are left out, put in, mistaken, or exchanged with the next: the distance of Damerau and Levenshtein, of
 * which no part is changed twice.
 */
function slips(one: string, other: string): number {
  let before: readonly number[] = []
  let last: readonly number[] = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let row = 1; row <= one.length; row++) {
    const next = [row]
    for (let column = 1; column <= other.length; column++) {
      const mistaken = (last[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1)
      const isSwapped = column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      const exchanged = isSwapped ? (before[column - 2] ?? 0) + 1 : mistaken
      next.push(Math.min((last[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, mistaken, exchanged))
    }
    before = last
    last = next
  }
  return last[other.length] ?? 0
}
