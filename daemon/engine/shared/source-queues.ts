/** What of `items` is from `first` on, for `Array.shift` moves all the others of a long array. */
interface Queue<Item> {
  items: Item[]
  first: number
}

/**
 * What waits, in a queue for each source: the sources have turns (round robin), and what there is no room for goes from
 * the longest queue (longest queue drop). No call takes longer where more wait.
 */
export class SourceQueues<Item> {
  /** A Map keeps the order: whoever has had a turn goes to its end. */
  readonly #queues = new Map<string, Queue<Item>>()
  /** By length, from 1: the sources with a queue that is so long. */
  readonly #byLength: Set<string>[] = [new Set()]
  /** How many wait in all queues. */
  length = 0

  /** It is the last of its source's queue. */
  add(source: string, item: Item): void {
    const queue = this.#queues.get(source) ?? { items: [], first: 0 }
    this.#queues.set(source, queue)
    queue.items.push(item)
    const length = queue.items.length - queue.first
    this.#moved(source, length - 1, length)
  }

  /** Takes the first one of the source whose turn it is; undefined if none waits. */
  take(): Item | undefined {
    const [turn] = this.#queues
    if (!turn) return undefined
    const [source, queue] = turn
    this.#queues.delete(source)
    this.#queues.set(source, queue)
    return this.#shift(source)
  }

  /** Takes the first one of the longest queue; undefined if none waits. */
  drop(): Item | undefined {
    const source = this.#greediest()
    return source === undefined ? undefined : this.#shift(source)
  }

  /** The one that `drop` would take. */
  get nextToDrop(): Item | undefined {
    const source = this.#greediest()
    const queue = source === undefined ? undefined : this.#queues.get(source)
    return queue?.items[queue.first]
  }

  /** The source with the longest queue. */
  #greediest(): string | undefined {
    const [source] = this.#byLength[this.longest] ?? []
    return source
  }

  /** How long the longest queue is. */
  get longest(): number {
    return this.#byLength.length - 1
  }

  lengthOf(source: string): number {
    const queue = this.#queues.get(source)
    return queue ? queue.items.length - queue.first : 0
  }

  #shift(source: string): Item | undefined {
    const queue = this.#queues.get(source)
    if (!queue) return undefined
    const item = queue.items[queue.first++]
    if (queue.first * 2 > queue.items.length) {
      queue.items = queue.items.slice(queue.first)
      queue.first = 0
    }
    const length = queue.items.length - queue.first
    if (length === 0) this.#queues.delete(source)
    this.#moved(source, length + 1, length)
    return item
  }

  #moved(source: string, from: number, to: number): void {
    this.length += to - from
    this.#byLength[from]?.delete(source)
    if (to === this.#byLength.length) this.#byLength.push(new Set())
    if (to > 0) this.#byLength[to]?.add(source)
    if (this.longest > 0 && this.#byLength[this.longest]?.size === 0) this.#byLength.pop()
  }
}
