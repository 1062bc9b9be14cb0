const second = 1_000
const minute = 60 * second

/** Failures of a name that are remembered: so many within `attackTime`, from so many sources, are an attack on it. */
const remembered = 20
const attackTime = 10 * minute
const attackSources = 5
/** So many guesses at a name a source may make in so long. */
const guesses = 3
const guessTime = 15 * second
/** Names of which failures are remembered; beyond it the one that failed longest ago goes. */
const mostNames = 4_096

interface Failure {
  readonly source: string
  readonly at: number
}

/**
 * Names at which logins failed lately, those included that are nobody's. Times are milliseconds of a clock that only goes
 * forward.
 */
export class GuessedNames {
  /** By name, the one that failed last behind the others. */
  readonly #failures = new Map<string, Failure[]>()

  note(name: string, source: string, now: number): void {
    const failures = this.#failures.get(name) ?? []
    failures.push({ source, at: now })
    if (failures.length > remembered) failures.shift()
    this.#failures.delete(name)
    this.#failures.set(name, failures)
    if (this.#failures.size <= mostNames) return
    const [oldest = name] = this.#failures.keys()
    this.#failures.delete(oldest)
  }

  /** Whether many guess at this name. */
  isAttacked(name: string, now: number): boolean {
    const failures = this.#failures.get(name) ?? []
    const [first] = failures
    if (!first || failures.length < remembered || now - first.at > attackTime) return false
    return new Set(failures.map(({ source }) => source)).size >= attackSources
  }

  /** Milliseconds until this source may guess at this name again, 0 if it may now. */
  delay(name: string, source: string, now: number): number {
    const theirs = this.#failures.get(name)?.filter((failure) => failure.source === source) ?? []
    const counted = theirs.at(-guesses)
    return counted === undefined ? 0 : Math.max(0, counted.at + guessTime - now)
  }
}
