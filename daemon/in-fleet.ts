import { networkInterfaces } from 'node:os'
import type { Health } from '../shared/protocol/methods.ts'
import type { Administered, ManagementOptions } from './administration.ts'
import type { FleetAdministration } from './control/backend.ts'
import type { ControlServer } from './control/server.ts'
import { answerTo, fleetAdministration } from './fleet/administration.ts'
import { ChangeFollower } from './fleet/change-follower.ts'
import { Heartbeat, type NodeFacts } from './fleet/heartbeat.ts'
import { Nodes } from './fleet/nodes.ts'
import { Orders } from './fleet/orders.ts'
import type { Listening, Observed } from './observation.ts'
import type { FleetStore } from './store/store.ts'
import type { Watches } from './watches/watches.ts'

/** This daemon as one of several on one store. */
export interface Fleet {
  readonly administration: FleetAdministration
  readonly follower: ChangeFollower
  readonly nodes: Nodes
  health(): Health['fleet']
  /** Begins once operators are served. */
  begin(control: ControlServer, listening: Listening): void
  /** Another process is this node from now on. */
  pause(): Promise<void>
  resume(): void
  /** Behind `pause`: the other one is. What other nodes change acts on the connections from before, too. */
  leave(): void
}

/**
 * Has what other nodes change act here, and tells them of this one; undefined where the store is this daemon's own. What is to be
 * closed in the end goes into `parts`, in order.
 */
export function joinFleet(
  options: ManagementOptions,
  observed: Observed,
  administered: Administered,
  watches: Watches,
  parts: AsyncDisposableStack,
): Fleet | undefined {
  const { store, lastChange = { seq: 0, made: 0 }, ending, log } = options
  const { leases } = options.dataPlane
  const { fleet } = store
  if (!fleet) return undefined
  const warn = (message: string) => log.logger.warn(message)
  const started = Math.round(observed.wall.tellNow(0))
  const nodes = new Nodes({ store: fleet, warn })
  let control: ControlServer | undefined
  /** Whether another process tells of this node, and serves its operators. */
  let isLeft = false
  let facts: () => NodeFacts = () => factsOf(options, observed, { node: fleet.node, started, listening: [] })
  const follower = new ChangeFollower({
    store: fleet,
    since: lastChange,
    log: log.logger,
    adopters: {
      accounts: (keys) => administered.adoptedAccounts.adopt(keys),
      rules: () => administered.rules.adopt(),
      settings: () => administered.config.adopt(),
      async operators() {
        if (!isLeft) await administered.operators.adopt((name, change) => control?.dismiss(name, change))
      },
      bans: (sources) => options.dataPlane.bans.adopt(sources),
      watches: async () => (isLeft ? undefined : watches.adopt()),
    },
  })
  const heartbeat = new Heartbeat({
    store: fleet,
    tell: () => facts(),
    moved: () => observed.metrics.now(),
    warn,
    clockIs: (off) => administered.limits.clockIs(off),
  })
  const orders = new Orders({
    store: fleet,
    carryOut: (order) => answerTo(order, control),
    warn,
    isUp: () => follower.isUp,
  })
  const resume = () => {
    follower.start()
    nodes.start(heartbeat.start())
    orders.start()
  }
  const pause = async () => {
    nodes.stop()
    await Promise.all([follower.stop(), heartbeat.stop(), orders.stop()])
  }
  return {
    administration: fleetAdministration(fleet.node, nodes, orders),
    follower,
    nodes,
    health: () => healthOf(fleet, nodes, follower),
    begin(server, listening) {
      control = server
      facts = () => factsOf(options, observed, { node: fleet.node, started, listening })
      server.makeBehind(() => follower.catchUp())
      ending.watch(() => {
        if (!isLeft) heartbeat.beat()
      })
      resume()
      parts.defer(async () => {
        await pause()
        if (!isLeft) await heartbeat.close()
      })
    },
    async pause() {
      await Promise.all([pause(), leases?.pause()])
    },
    resume() {
      resume()
      leases?.resume()
    },
    leave() {
      isLeft = true
      // The other one refuses what it cannot do, and this one goes along with what that does.
      administered.limits.clockIs(undefined)
      follower.start()
    },
  }
}

function factsOf(
  { version, ending }: ManagementOptions,
  { metrics }: Observed,
  { node, started, listening }: { readonly node: string; readonly started: number; readonly listening: Listening },
): NodeFacts {
  const of = (service: Listening[number]['service']) =>
    listening.flatMap((each) =>
      each.service === service && !each.address.startsWith('unix:') ? reachable(each.address) : [],
    )
  return {
    name: node,
    version,
    started,
    state: ending.isDraining ? 'drains' : 'serves',
    socks: of('socks'),
    control: of('control'),
    connections: metrics.now().connections,
  }
}

/** Of a socket on all addresses, those that others may reach this machine by. */
function reachable(address: string): string[] {
  const parts = /^(tls:)?(0\.0\.0\.0|\[::\])(:\d+)$/.exec(address)
  if (!parts) return [address]
  const [, tls = '', any, port] = parts
  const family = any === '0.0.0.0' ? 'IPv4' : 'IPv6'
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const found = own.find((each) => each.family === family && !each.internal && !each.scopeid)
  if (!found) return []
  return [`${tls}${family === 'IPv4' ? found.address : `[${found.address}]`}${port}`]
}

function healthOf(fleet: FleetStore, nodes: Nodes, follower: ChangeFollower): Health['fleet'] {
  const { count } = nodes
  return {
    node: fleet.node,
    nodes: count ? count.serves + count.drains : 1,
    gone: count?.gone ?? 0,
    problem: follower.problem,
    lag: Math.round(follower.lag),
    behind: [...follower.behind],
  }
}
