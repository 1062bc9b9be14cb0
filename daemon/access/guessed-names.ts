const second = 1_000
const minute = 60 * second

/** Failures of a name that are remembered: so many within `attackTime`, from so many sources, are an attack on it. */
const remembered = 20
const attackTime = 10 * minute
const attackSources = 5
/** So many guesses at a name a source may make in so long. */
const guesses = 3
const guessTime = 15 * second
/** Names, alone or each with a source, of which failures are remembered; beyond it the one that failed longest ago goes. */
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
  readonly #failures = new LastOf<Failure>(remembered)
  /** Of each source by itself: what others fail at must not let it guess on. */
  readonly #times = new LastOf<number>(guesses)

  note(name: string, source: string, now: number): void {
    this.#failures.note(name, { source, at: now })
    this.#times.note(`${source} ${name}`, now)
  }

  /** Whether many guess at this name. */
  isAttacked(name: string, now: number): boolean {
    const failures = this.#failures.of(name)
    const [first] = failures
    if (!first || failures.length < remembered || now - first.at > attackTime) return false
    return new Set(failures.map(({ source }) => source)).size >= attackSources
  }

  /** Milliseconds until this source may guess at this name again, 0 if it may now. */
  delay(name: string, source: string, now: number): number {
    const counted = this.#times.of(`${source} ${name}`).at(-guesses)
    return counted === undefined ? 0 : Math.max(0, counted + guessTime - now)
  }
}

/** The last few of each key. */
class LastOf<Value> {
  readonly #few: number
  /** The key that was noted last behind the others. */
  readonly #values = new Map<string, Value[]>()

  constructor(few: number) {
    this.#few = few
  }

  of(key: string): readonly Value[] {
    return this.#values.get(key) ?? []
  }

  note(key: string, value: Value): void {
    const values = this.#values.get(key) ?? []
    values.push(value)
    if (values.length > this.#few) values.shift()
    this.#values.delete(key)
    this.#values.set(key, values)
    if (this.#values.size <= mostNames) return
    const [oldest = key] = this.#values.keys()
    this.#values.delete(oldest)
  }
}
