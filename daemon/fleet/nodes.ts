import { formatDuration } from '../../shared/format/time.ts'
import { Refusal } from '../refusal.ts'
import type { FleetStore, SeenNode } from '../store/store.ts'
import { goneAfter } from './heartbeat.ts'

/** Milliseconds for which a count of the nodes is good, about: of a thousand nodes each reads a thousand rows, so it is longer then. */
const countPeriod = 30_000
/** Nodes up to which it is that. */
const fewNodes = 100
const jitter = 0.2

export interface NodesOptions {
  readonly store: Pick<FleetStore, 'node' | 'nodes' | 'forget'>
  readonly warn: (message: string) => void
}

/** How many there are, by how they are. */
export type NodeCount = Readonly<Record<SeenNode['state'], number>>

/** The nodes of the fleet, of which this is one. */
export class Nodes {
  readonly #options: NodesOptions
  #count: NodeCount | undefined
  /** At the last look. */
  #there: ReadonlySet<string> = new Set()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: NodesOptions) {
    this.#options = options
  }

  /** Counts them from now on, once this one has told of itself: before, it stands there as the process that it has taken over from. */
  start(told: Promise<void>): void {
    this.#isClosed = false
    void told.then(() => this.#look())
  }

  stop(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  /** As they were lately; undefined until that is known. */
  get count(): NodeCount | undefined {
    return this.#count
  }

  /** By name. Rejects with a StoreError. */
  async list(): Promise<SeenNode[]> {
    const nodes = (await this.#options.store.nodes()).map((node) => ({ ...node, state: this.#stateOf(node) }))
    const count = { serves: 0, drains: 0, ended: 0, gone: 0 }
    for (const { state } of nodes) count[state]++
    this.#count = count
    this.#warnOfGone(nodes)
    return nodes
  }

  /** Refused with `not_found`, with `conflict` for one that is there; rejects with a StoreError. */
  async forget(name: string): Promise<void> {
    const node = await this.named(name)
    if (isThere(node)) throw new Refusal('conflict', `node ${name} is there, and would come back at once: end it first`)
    await this.#options.store.forget(name)
  }

  /** Refused with `not_found`; rejects with a StoreError. */
  async named(name: string): Promise<SeenNode> {
    const node = (await this.list()).find((each) => each.name === name)
    if (!node) throw new Refusal('not_found', `there is no node ${JSON.stringify(name)}`)
    return node
  }

  /** This one is there, however long the store has not heard of it. */
  #stateOf({ name, state, age }: Pick<SeenNode, 'name' | 'state' | 'age'>): SeenNode['state'] {
    return state !== 'ended' && age > goneAfter && name !== this.#options.store.node ? 'gone' : state
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return
    await this.list().catch(() => {})
    if (this.#isClosed) return
    const wait = countPeriod * Math.max(1, this.#there.size / fewNodes) * (1 - jitter + 2 * jitter * Math.random())
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#look(), wait).unref()
  }

  #warnOfGone(nodes: readonly SeenNode[]): void {
    for (const { name, state, age } of nodes)
      if (state === 'gone' && this.#there.has(name))
        this.#options.warn(`node ${name} has told nothing for ${formatDuration(age)}, though it has not ended`)
    this.#there = new Set(nodes.filter(isThere).map(({ name }) => name))
  }
}

/** Whether it is at work. */
export function isThere({ state }: SeenNode): boolean {
  return state === 'serves' || state === 'drains'
}
