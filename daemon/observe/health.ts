import type { Health } from '../../shared/protocol/methods.ts'
import type { Engine } from '../engine/engine.ts'
import { Descriptors } from './descriptors.ts'
import { loopLags } from './loop-lag.ts'
import { countLive } from './metrics.ts'

export interface HealthSources {
  readonly engine: Pick<Engine, 'kind' | 'tables' | 'capacity'>
  /** The setting. */
  readonly maxConnections: () => number
  readonly metrics: { readonly lag: number }
  readonly store: { readonly health: Health['store'] }
  readonly names: { readonly health: Health['names'] }
}

/** Tells how the daemon does whenever it is asked; until then it looks at nothing. */
export function healthReport({ engine, maxConnections, metrics, store, names }: HealthSources): () => Health {
  const descriptors = new Descriptors()
  const memory = memoryReader()
  const ownLoops = engine.kind === 'linux' ? engine.tables : []
  return () => ({
    lag: rounded(metrics.lag),
    loops: loopLags(ownLoops).map((lag) => ({ lag: rounded(lag) })),
    sessions: { live: countLive(engine.tables), max: Math.min(maxConnections(), engine.capacity) },
    descriptors: descriptors.health,
    memory: memory(),
    store: { ...store.health, slowest: rounded(store.health.slowest) },
    names: { ...names.health, slowest: rounded(names.health.slowest) },
  })
}

/** Bytes resident. Linux tells them in a file: when no descriptor is left for that, what was read last counts. */
function memoryReader(): () => number {
  let last = process.memoryUsage.rss()
  return () => {
    try {
      last = process.memoryUsage.rss()
    } catch {}
    return last
  }
}

/** To a hundredth of a millisecond. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
