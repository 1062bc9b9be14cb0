/** Milliseconds over which datagrams are counted. */
const span = 1
/** So many in a span make a socket hot. */
const hot = 16
/** It is hot no longer after so many looks in a row that have found nothing. */
const emptyLooks = 4
/** Nor is it after a span whose looks have found fewer at a time: who waits for an answer before the next one would only wait longer. */
const worthIt = 2
/** Milliseconds for which it is not tried with that one again. */
const rest = 50
/** Milliseconds between two looks. */
const interval = 0.05

interface Pace<Owner> {
  readonly fd: number
  readonly owner: Owner
  /** When the span began, and the datagrams in it. */
  since: number
  count: number
  /** The batches that these were. */
  batches: number
  /** How often nothing was found since something was. */
  empty: number
  /** It is not to be hot before. */
  restsUntil: number
}

/**
 * Sockets at which many datagrams come one after the other. Whoever is woken by each of them takes them one at a time, which is several
 * times the work of taking them as a batch. So the kernel is not asked to tell of a hot socket's datagrams; it is looked at each 50 µs,
 * and again when something else happens. What comes one at a time is told of at once, as ever.
 */
export class HotSockets<Owner> {
  readonly #watch: (fd: number, owner: Owner, isTold: boolean) => void
  /** By descriptor. */
  readonly #paces = new Map<number, Pace<Owner>>()
  readonly #hot = new Set<Pace<Owner>>()
  #lookedAt = 0

  /** `watch`: the kernel is to tell of what comes at a socket, be it there already, or is not to. */
  constructor(watch: (fd: number, owner: Owner, isTold: boolean) => void) {
    this.#watch = watch
  }

  get isEmpty(): boolean {
    return this.#hot.size === 0
  }

  /** A batch of so many datagrams, or none, has been taken. */
  took(fd: number, owner: Owner, count: number, now: number): void {
    const pace = this.#paces.get(fd) ?? { fd, owner, since: now, count: 0, batches: 0, empty: 0, restsUntil: 0 }
    this.#paces.set(fd, pace)
    pace.empty = count > 0 ? 0 : pace.empty + 1
    const isHot = this.#hot.has(pace)
    if (isHot && pace.empty === emptyLooks) this.#coolDown(pace)
    if (now - pace.since >= span) {
      if (isHot && pace.count < worthIt * pace.batches) {
        this.#coolDown(pace)
        pace.restsUntil = now + rest
      }
      pace.since = now
      pace.count = 0
      pace.batches = 0
    }
    pace.count += count
    if (count > 0) pace.batches++
    if (isHot || pace.count < hot || now < pace.restsUntil) return
    pace.since = now
    pace.count = 0
    pace.batches = 0
    this.#hot.add(pace)
    this.#watch(fd, owner, false)
  }

  /** Has the hot ones looked at, if it is time to. */
  look(now: number, ready: (fd: number, owner: Owner) => void): void {
    if (now - this.#lookedAt < interval) return
    this.#lookedAt = now
    for (const { fd, owner } of this.#hot) ready(fd, owner)
  }

  /** The socket is closed. */
  delete(fd: number): void {
    const pace = this.#paces.get(fd)
    if (!pace) return
    this.#paces.delete(fd)
    this.#hot.delete(pace)
  }

  #coolDown(pace: Pace<Owner>): void {
    if (this.#hot.delete(pace)) this.#watch(pace.fd, pace.owner, true)
  }
}
