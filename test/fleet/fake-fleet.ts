import {
  type ChangeMark,
  type FleetStore,
  type StoredAnswer,
  type StoredChange,
  type StoredNode,
  type StoredOrder,
  StoreError,
} from '../../daemon/store/store.ts'

/** What the nodes of a fleet have in common, in the memory of a test. */
export class FakeFleet {
  readonly changes: Omit<StoredChange, 'isOwn'>[] = []
  /** The `seq` of changes of which the node that made them was not told whether they were made. */
  readonly uncertain = new Set<number>()
  readonly told = new Map<string, { readonly node: StoredNode; at: number }>()
  readonly orders: StoredOrder[] = []
  readonly taken = new Set<number>()
  readonly answers = new Map<number, StoredAnswer | undefined>()
  /** Why it does not answer. */
  problem: string | undefined
  /** Changes in one answer. */
  page = 1_000
  now = 0
  /** Of the store, where that is another one. */
  clock: number | undefined
  asked = 0
  #made = 0

  get last(): ChangeMark {
    const { seq, made } = this.changes.at(-1) ?? { seq: 0, made: 0 }
    return { seq, made }
  }

  /** As a node of that name sees it. */
  as(node: string): Omit<FleetStore, 'leases'> {
    const answer = async <T>(read: () => T): Promise<T> => {
      this.asked++
      if (this.problem !== undefined) throw new StoreError('failed', this.problem)
      return read()
    }
    return {
      node,
      lastChange: () => answer(() => this.last),
      changesSince: (mark) =>
        answer(() => {
          const known = this.changes.find(({ seq }) => seq === mark.seq)
          if (mark.seq > 0 && known?.made !== mark.made) return undefined
          const since = mark.seq
          const page = this.changes.filter(({ seq }) => seq > since).slice(0, this.page)
          return page.map((change) => ({ ...change, isOwn: change.node === node && !this.uncertain.has(change.seq) }))
        }),
      beat: (told) =>
        answer(() => {
          const before = this.told.get(told.name)?.node
          this.told.set(told.name, { node: told, at: this.now })
          return { before, clock: this.clock ?? Date.now() }
        }),
      nodes: () =>
        answer(() =>
          [...this.told.values()]
            .map(({ node, at }) => ({ ...node, age: this.now - at }))
            .sort((one, other) => (one.name < other.name ? -1 : 1)),
        ),
      forget: (name) => answer(() => void this.told.delete(name)),
      order: (orders) =>
        answer(() => orders.map((order) => this.orders.push({ ...order, from: node, id: this.orders.length + 1 }))),
      takeOrders: () =>
        answer(() => {
          const own = this.orders.filter(({ id, to }) => to === node && !this.taken.has(id))
          for (const { id } of own) this.taken.add(id)
          return own
        }),
      answer: (order, told) => answer(() => void this.answers.set(order, told)),
      withdraw: (orders) =>
        answer(() => {
          // Nobody takes them any more.
          for (const id of orders) this.taken.add(id)
        }),
      answers: (orders) => answer(() => new Map([...this.answers].filter(([id]) => orders.includes(id)))),
    }
  }

  change(node: string, kind: StoredChange['kind'], key = ''): void {
    this.changes.push({ seq: this.last.seq + 1, made: ++this.#made, kind, key, node })
  }
}
