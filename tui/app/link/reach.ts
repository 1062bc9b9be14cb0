import type { FleetNode } from '../../../shared/protocol/methods.ts'
import { mostDaemons, type NamedDaemon } from '../../options/daemons.ts'
import { nodeAsDaemon } from '../../options/node-place.ts'
import type { Store } from '../store/store.ts'

export interface Reaching {
  readonly store: Store
  /** All daemons, in the store's order. */
  readonly known: readonly NamedDaemon[]
  /** Adds one; which of the store's it is then. */
  add(daemon: NamedDaemon): number
}

/** Finds the daemon of a node of the fleet among those that are known, or adds it; a text tells why it cannot be. */
export function reacher({ store, known, add }: Reaching): (node: FleetNode) => number | string {
  return (node) => {
    const { current, fleet } = store.state
    if (node.name === fleet?.node) return current
    const by = known[current] as NamedDaemon
    const daemon = nodeAsDaemon(by, node)
    // Who was named may be the same one by another way.
    const same = store.state.daemons.findIndex(({ status }) => status?.health.fleet?.node === node.name)
    if (same >= 0) return same
    if (typeof daemon === 'string') return daemon
    const wanted = JSON.stringify(daemon.places)
    const at = known.findIndex(({ places }) => JSON.stringify(places) === wanted)
    if (at >= 0) return at
    if (known.length >= mostDaemons) return `there are ${mostDaemons} daemons, as many as the app shows`
    return add(daemon)
  }
}
