/** Whom a task is done for: where they come from, and who they say they are. */
export interface Claimant {
  readonly source: string
  readonly name: string
  readonly standing: Standing
}

/**
 * `known`: somebody from that source was let in lately; `suspect`: nobody was, and the name is one that many guess at;
 * `unknown`: neither.
 */
export type Standing = 'known' | 'unknown' | 'suspect'

/** Begins a task that has waited for its turn, or with false says that it will never have one. */
type Waiting = (begins: boolean) => void

/**
 * Runs costly tasks a few at a time, and shares them out: of 16 turns 12 are for who is known first, 3 for the unknown, 1 for
 * suspects, so that none of them starve; among these the sources have turns, in each source the names. So whoever floods it
 * delays themselves above all. What is too much is dropped where most wait, the oldest first: after a burst of guesses, it
 * is the good user who comes last.
 */
export class FairQueue {
  readonly #atOnce: number
  readonly #mostWaiting: number
  readonly #urgent: Waiting[] = []
  readonly #lines: Readonly<Record<Standing, Turns>> = {
    known: new Turns(),
    unknown: new Turns(),
    suspect: new Turns(),
  }
  #turn = 0
  #running = 0

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce
    this.#mostWaiting = mostWaiting
  }

  /** Tasks that wait for their turn. */
  get waiting(): number {
    const { known, unknown, suspect } = this.#lines
    return this.#urgent.length + known.length + unknown.length + suspect.length
  }

  /** Runs `task` when its turn comes; resolves to undefined, and it never runs, if it is dropped. */
  async run<T>(task: () => Promise<T>, { source, name, standing }: Claimant): Promise<T | undefined> {
    const { known, unknown, suspect } = this.#lines
    return this.#perform(task, (waiting) => {
      this.#lines[standing].add(source, name, waiting)
      if (known.length + unknown.length + suspect.length > this.#mostWaiting) this.#dropOne()
    })
  }

  /** Runs `task` before all that wait, however many they are. */
  runNext<T>(task: () => Promise<T>): Promise<T> {
    return this.#perform(task, (waiting) => this.#urgent.push(waiting)) as Promise<T>
  }

  async #perform<T>(task: () => Promise<T>, wait: (waiting: Waiting) => void): Promise<T | undefined> {
    if (this.#running < this.#atOnce) this.#running++
    else if (!(await new Promise<boolean>(wait))) return undefined
    try {
      return await task()
    } finally {
      // Who waits takes over the place of who ends, so that nobody slips in between.
      const next = this.#urgent.shift() ?? this.#next()
      if (next) next(true)
      else this.#running--
    }
  }

  #next(): Waiting | undefined {
    const order = orderOf(this.#turn)
    this.#turn = (this.#turn + 1) % 16
    return order
      .map((standing) => this.#lines[standing])
      .find(({ length }) => length > 0)
      ?.take()
  }

  /** Of those who are as greedy, a suspect first, and somebody known last. */
  #dropOne(): void {
    const { known, unknown, suspect } = this.#lines
    const greediest = [suspect, unknown, known].reduce((most, line) => (line.greed > most.greed ? line : most))
    greediest.drop()?.(false)
  }
}

/** Who comes first, second and third in a turn, from 0 to 15. */
function orderOf(turn: number): readonly Standing[] {
  if (turn === 15) return ['suspect', 'unknown', 'known']
  return turn % 4 === 3 ? ['unknown', 'known', 'suspect'] : ['known', 'unknown', 'suspect']
}

/** What waits by source and name. A Map keeps the order: whoever has had a turn goes to its end. */
class Turns {
  readonly #sources = new Map<string, Map<string, Waiting[]>>()
  length = 0

  add(source: string, name: string, waiting: Waiting): void {
    this.length++
    const names = this.#sources.get(source) ?? new Map<string, Waiting[]>()
    this.#sources.set(source, names)
    const tasks = names.get(name) ?? []
    names.set(name, tasks)
    tasks.push(waiting)
  }

  take(): Waiting | undefined {
    for (const [source, names] of this.#sources) {
      for (const [name, tasks] of names) {
        this.length--
        const task = tasks.shift()
        names.delete(name)
        if (tasks.length > 0) names.set(name, tasks)
        this.#sources.delete(source)
        if (names.size > 0) this.#sources.set(source, names)
        return task
      }
    }
    return undefined
  }

  /** How many wait of the source with the most. */
  get greed(): number {
    return Math.max(0, ...[...this.#sources.values()].map(lengthOf))
  }

  /** Takes the oldest of the name with the most, from the source with the most. */
  drop(): Waiting | undefined {
    const [source, names] = largest(this.#sources, lengthOf)
    const [name, tasks] = largest(names, (tasks) => tasks.length)
    this.length--
    const task = tasks.shift()
    if (tasks.length === 0) names.delete(name)
    if (names.size === 0) this.#sources.delete(source)
    return task
  }
}

function lengthOf(names: ReadonlyMap<string, readonly Waiting[]>): number {
  let length = 0
  for (const tasks of names.values()) length += tasks.length
  return length
}

/** The first entry of those that measure most; there is one. */
function largest<V>(entries: ReadonlyMap<string, V>, measure: (value: V) => number): readonly [string, V] {
  return [...entries].reduce((most, entry) => (measure(entry[1]) > measure(most[1]) ? entry : most))
}
