import type { Connection } from '../../shared/protocol/methods.ts'
import type { Changes, TableChange } from './table-view.ts'

/** Connections that are watched, such as those of `ObservedConnections`. */
interface Watched {
  watch(listener: (change: TableChange) => void): { stop(): void }
  readonly rows: readonly Connection[]
}

/** Milliseconds after which nobody asks any more. */
const patience = 5_000

/** What becomes of connections, gathered for somebody who asks now and then. Unasked, it watches nothing. */
export class GatheredChanges {
  readonly #connections: Watched
  #watching: { stop(): void } | undefined
  readonly #changed = new Map<string, Connection>()
  readonly #moved = new Map<string, [string, number, number]>()
  readonly #closed = new Set<string>()
  #missed = 0
  #timer: NodeJS.Timeout | undefined

  constructor(connections: Watched) {
    this.#connections = connections
  }

  /** Since it was called last; with `afresh`, and for whoever comes late, all rows there are. */
  take(afresh: boolean): Changes & { readonly isWhole: boolean } {
    const isWhole = afresh || this.#watching === undefined
    if (isWhole) this.#begin()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#stop(), patience).unref()
    const taken = {
      isWhole,
      changed: [...this.#changed.values()],
      moved: [...this.#moved.values()],
      closed: [...this.#closed],
      missed: this.#missed,
    }
    this.#forget()
    return taken
  }

  #begin(): void {
    this.#stop()
    this.#watching = this.#connections.watch((change) => this.#gather(change))
    for (const row of this.#connections.rows) this.#changed.set(row.id, row)
  }

  #gather({ changed, moved, closed, missed }: TableChange): void {
    for (const row of changed) {
      this.#moved.delete(row.id)
      this.#changed.set(row.id, row)
    }
    for (const [id, up, down] of moved) {
      const row = this.#changed.get(id)
      if (row) this.#changed.set(id, { ...row, up, down })
      else this.#moved.set(id, [id, up, down])
    }
    for (const id of closed) {
      this.#changed.delete(id)
      this.#moved.delete(id)
      this.#closed.add(id)
    }
    this.#missed += missed
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#watching?.stop()
    this.#watching = undefined
    this.#forget()
  }

  #forget(): void {
    this.#changed.clear()
    this.#moved.clear()
    this.#closed.clear()
    this.#missed = 0
  }
}
