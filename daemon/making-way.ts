import type { Connection } from '../shared/protocol/methods.ts'
import type { SettingValue } from '../shared/settings.ts'
import type { LateChanges } from './access/late-changes.ts'
import type { LiveConnections } from './control/backend.ts'
import type { ControlServer } from './control/server.ts'
import type { DataPlane } from './data-plane.ts'
import type { Ending } from './ending.ts'
import { isOurs } from './engine/portable/local-address.ts'
import { RelayPorts } from './engine/shared/relay-ports.ts'
import { storeLast } from './last-usage.ts'
import { heldByLimited } from './limits/connections-elsewhere.ts'
import type { Usage, UsageTotal } from './limits/usage.ts'
import type { Endpoint } from './net/endpoint.ts'
import { GatheredChanges } from './observe/gathered-changes.ts'
import { countLive } from './observe/metrics.ts'
import type { MetricsServer } from './prometheus/server.ts'
import { Refusal } from './refusal.ts'
import type { Reload } from './reloading.ts'
import type { ServiceManager } from './service/service-manager.ts'
import type { LiveSettings } from './settings/live-settings.ts'
import type { NamedSocket } from './sockets/handed-sockets.ts'
import { type Elsewhere, type Store, type StoredUser, StoreError, type UsageBatch } from './store/store.ts'
import type { Answer, Channel } from './upgrade/channel.ts'
import { overtake } from './upgrade/overtaking.ts'
import type { Predecessor } from './upgrade/predecessor.ts'
import { type Successor, type Testator, Upgrade } from './upgrade/upgrade.ts'

/** Milliseconds between two reports of what users have moved, and of the ports of associations. */
const reportPeriod = 1_000
/** Rows that are looked up between two turns of the event loop. */
const rowsAtOnce = 500

export interface MakingWayOptions {
  readonly store: Store
  readonly dataPlane: DataPlane
  readonly control: ControlServer
  readonly monitoring: MetricsServer | undefined
  readonly late: Pick<LateChanges, 'settle'>
  readonly config: Pick<LiveSettings, 'values' | 'get'>
  /** Of this process and the one before. */
  readonly connections: LiveConnections
  readonly ending: Ending
  /** As SIGHUP does. */
  readonly reload: Reload
  /** Of this program. */
  readonly version: string
  readonly predecessor: Predecessor | undefined
  readonly environment: NodeJS.ProcessEnv
  readonly manager: ServiceManager
  /** Where this process listens. */
  readonly endpoints: readonly Endpoint[]
  /** The sockets of all that. */
  readonly sockets: () => readonly NamedSocket[]
  /** As one of whose nodes the successor goes on; undefined: there is none. */
  readonly fleet: { pause(): Promise<void>; resume(): void; leave(): void } | undefined
  readonly log: { info(message: string): void; warn(message: string): void }
}

/** How this process makes way for its successor, once somebody asks for it. */
export function upgradeOf(options: MakingWayOptions): Upgrade {
  const { ending, log } = options
  return new Upgrade({
    testator: testatorOf(options),
    environment: options.environment,
    patience: () => options.config.values['timeout-upgrade'],
    ends: () => ending.began,
    tell: (message) => log.info(message),
    warn: (message) => log.warn(message),
  })
}

function testatorOf(options: MakingWayOptions): Testator {
  const { store, dataPlane, control, config, monitoring, late, ending, version, predecessor, manager, log } = options
  return {
    generation: predecessor?.generation ?? 1,
    cookie: control.cookie,
    sockets: options.sockets,
    async lend(next, signal) {
      log.info('the successor has read its settings: it gets the store and the runtime folder')
      await control.lend(signal)
      await options.fleet?.pause()
      // What acts and is not stored, the successor would not know of.
      await Promise.all([late.settle(), dataPlane.store()])
      signal.throwIfAborted()
      await store.lend(next !== version)
    },
    async takeBack() {
      await store.takeBack().catch((error: Error) => log.warn(`the store is not open again yet: ${error.message}`))
      void predecessor?.listens(options.endpoints)
      await dataPlane.orders.forbidSuccessors([])
      await control.takeBack()
      options.fleet?.resume()
    },
    leave({ pid, channel }: Successor) {
      overtake(predecessor?.channel, ending)
      let isAlone = false
      // Before that, a daemon that is started anew shall not find the store taken.
      void Promise.all([channel.closed, ending.come]).then(() => {
        isAlone = true
      })
      const saveUsage: Save = (batch) =>
        isAlone ? storeLast(config.values, batch) : tellUsage(channel, dataPlane.usage, batch)
      store.giveAway(elsewhere(channel, saveUsage))
      options.fleet?.leave()
      const report = reporting(channel, dataPlane, predecessor)
      report()
      setInterval(report, reportPeriod).unref()
      manager.leave(pid)
      ending.makeWay(control.leave())
      monitoring?.leave()
      dataPlane.accessLog.leaveRotation()
      void channel.closed.then(() => ending.lose() && manager.comeBack())
    },
    answer: answers(options),
  }
}

/** What this process answers its successor, which tells it what has become of the daemon and what operators want of it. */
function answers({ control, connections, config, dataPlane, ending, predecessor, reload }: MakingWayOptions): Answer {
  const gathered = new GatheredChanges(connections)
  return async (question, given) => {
    switch (question) {
      case 'drain':
        return void ending.drain('the successor drains')
      case 'undrain':
        return ending.undrain()
      case 'shutdown':
        return ending.shutdown()
      case 'overtaken':
        ending.outlive()
        return overtake(predecessor?.channel, ending, (given as { by: number }).by)
      case 'reload':
        return void (await reload('the successor'))
      case 'listens': {
        const { at } = given as { at: Endpoint[] }
        return Promise.all([dataPlane.orders.forbidSuccessors(at), predecessor?.listens(at)]).then(() => {})
      }
      case 'repeat': {
        const { method, params } = given as { method: string; params: Record<string, unknown> }
        // Each process counts its revisions, and what traffic brings about counts, too.
        const { ifRevision: _, ...rest } = params
        return control.repeat(method, method === 'config.set' ? { ...rest, revision: config.get().revision } : rest)
      }
      case 'connections.list':
        return allOf(connections)
      case 'connections.closed':
        return connections.closed((given as { limit: number }).limit)
      case 'connections.get':
        return (await connections.get((given as { id: string }).id)) ?? null
      case 'connections.take':
        return gathered.take((given as { afresh: boolean }).afresh)
      default:
        throw new Refusal('unavailable', `this version does not know what ${question} is`)
    }
  }
}

async function allOf(connections: LiveConnections): Promise<Connection[]> {
  const all: Connection[] = []
  for (let cursor: string | undefined, isMore = true; isMore; isMore = cursor !== undefined) {
    const page = await connections.page(rowsAtOnce, cursor)
    all.push(...(page?.connections ?? []))
    cursor = page?.next
  }
  return all
}

/**
 * Soon and often, so that what is left of a quota is the same in both, nobody has more connections than they may in all, and associations of
 * one never feed those of the other.
 */
function reporting(
  successor: Channel,
  { usage, engine, accounts, limitLines }: DataPlane,
  predecessor: Pick<Predecessor, 'live'> | undefined,
): () => void {
  const ports = new RelayPorts(engine.relayPorts, isOurs)
  let told = ''
  let live = ''
  return () => {
    void usage.save(Date.now()).catch(() => {})
    const connections = countLive(engine.tables) + (predecessor?.live ?? 0)
    const now = { connections, limited: heldByLimited(accounts, limitLines) }
    const text = JSON.stringify(now)
    if (text !== live) void successor.ask('live', now).catch(() => {})
    live = text
    const { places } = ports
    if (places.join() === told) return
    told = places.join()
    void successor.ask('relayPorts', { places }).catch(() => {})
  }
}

type Save = (batch: UsageBatch) => Promise<void>

async function tellUsage(successor: Channel, usage: Usage, batch: UsageBatch): Promise<void> {
  usage.correct((await successor.ask('usage', { ...batch, rows: [...batch.rows] })) as UsageTotal[])
}

/** As of a store that cannot be reached: what acts already is to be stored later. */
function asOfStore(error: unknown): never {
  throw error instanceof Refusal ? new StoreError('failed', error.message) : error
}

/** What this process would store, told to the successor: it keeps the store, and knows of what operators change by itself. */
function elsewhere(successor: Channel, saveUsage: Save): Elsewhere {
  return {
    async change(part, method, [first, second]) {
      switch (`${part}.${method}`) {
        case 'usage.save':
          return saveUsage(first as UsageBatch)
        case 'audit.append':
          return successor.ask('audit', { entries: first, kept: second })
        case 'bans.save': {
          // Which of them are over the successor sees by itself.
          const changes = [...(first as Parameters<Store['bans']['save']>[0]).values()]
          return successor
            .ask('bans', { bans: changes.filter((ban) => ban !== null && ban !== 'passed') })
            .catch(asOfStore)
        }
        case 'users.insert': {
          const [id] = (await successor.ask('ids', { names: [(first as StoredUser).name] })) as number[]
          return id
        }
        case 'imports.save': {
          const { added } = first as { added: readonly StoredUser[] }
          return successor.ask('ids', { names: added.map(({ name }) => name) })
        }
        default:
          return true
      }
    },
    // What takes something away acts first, and then changes what is stored.
    async read(part, method, [first]) {
      switch (`${part}.${method}`) {
        case 'users.named':
          return successor.ask('stored', { part, method, given: first }).catch(asOfStore)
        case 'settings.load': {
          const stored = await successor.ask('stored', { part, method }).catch(asOfStore)
          const { revision, values } = stored as { revision: number; values: [string, SettingValue][] }
          return { revision, values: new Map(values) }
        }
        default:
          throw new StoreError('failed', 'the process that has taken over has the store: ask that one')
      }
    },
  }
}
