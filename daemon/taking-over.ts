import { setTimeout } from 'node:timers/promises'
import type { AuditEntry, Ban, Result } from '../shared/protocol/methods.ts'
import type { LiveConnections } from './control/backend.ts'
import type { Repeat } from './control/changes.ts'
import type { ControlServer } from './control/server.ts'
import type { DataPlane } from './data-plane.ts'
import type { Ending } from './ending.ts'
import { isOurs } from './engine/portable/local-address.ts'
import { RelayPorts } from './engine/shared/relay-ports.ts'
import { ConnectionsElsewhere, type Held } from './limits/connections-elsewhere.ts'
import type { OtherBatch } from './limits/usage.ts'
import type { ObservedConnections } from './observe/connections.ts'
import { JoinedConnections } from './observe/joined-connections.ts'
import { Refusal } from './refusal.ts'
import type { Reload } from './reloading.ts'
import type { LiveRules } from './rules/live-rules.ts'
import { type AuditKept, others, type Store } from './store/store.ts'
import type { Predecessor } from './upgrade/predecessor.ts'

/** Milliseconds for the process before to end with this one. */
const farewellTime = 2_000
/** Milliseconds for it to make a change, too. */
const repeatTime = 5_000

export interface TakingOverOptions {
  readonly store: Store
  readonly dataPlane: DataPlane
  readonly control: ControlServer
  readonly rules: Pick<LiveRules, 'untested'>
  readonly ending: Ending
  readonly log: { warn(message: string): void }
}

/**
 * Has the process that makes way for this one be no daemon of its own any more: what it moves is counted here, what operators
 * change here is changed there. What is to be closed in the end goes into `parts`, in order.
 */
export function takeOver(predecessor: Predecessor, options: TakingOverOptions, parts: AsyncDisposableStack): void {
  const { store, dataPlane, control, ending } = options
  const ports = new RelayPorts(dataPlane.engine.relayPorts, isOurs)
  const elsewhere = new ConnectionsElsewhere(dataPlane.accounts, dataPlane.limitLines)
  predecessor.answer = (question, given) => {
    if (question !== 'live') return hear(question, given, store, dataPlane, ports)
    const { connections, limited = [] } = given as { connections: number; limited?: Held[] }
    predecessor.live = connections
    elsewhere.follow(limited)
  }
  follow(predecessor, ending, parts)
  control.makeAlso(repeatBy(predecessor, options))
  void predecessor.channel.closed.then(() => {
    control.makeAlso(undefined)
    ports.follow([])
    elsewhere.follow([])
    predecessor.live = 0
  })
}

/** The process that has made way ends with this one at the latest, which takes down what it has moved until then. */
function follow({ channel }: Predecessor, ending: Ending, parts: AsyncDisposableStack): void {
  const ask = (question: string) => void channel.ask(question).catch(() => {})
  ending.watch((drains) => ask(drains ? 'drain' : 'undrain'))
  parts.defer(() => {
    ask('shutdown')
    return Promise.race([channel.closed, setTimeout(farewellTime, undefined, { ref: false })])
  })
}

/** Has the process before read the files again, too. */
export function alsoBefore(reload: Reload, predecessor: Predecessor | undefined): Reload {
  return (asker) => {
    predecessor?.channel.ask('reload').catch(() => {})
    return reload(asker)
  }
}

/** Those of this process, and of the one before as long as there is one. */
export function joinedConnections(own: ObservedConnections, predecessor: Predecessor | undefined): LiveConnections {
  if (predecessor === undefined) return own
  const { channel } = predecessor
  const ask = <Answered>(question: string, given: object) => channel.ask(question, given) as Promise<Answered>
  return new JoinedConnections(own, {
    list: () => ask('connections.list', {}),
    closed: (limit) => ask('connections.closed', { limit }),
    get: async (id) => (await ask<Result<'connections.get'> | null>('connections.get', { id })) ?? undefined,
    take: (afresh) => ask('connections.take', { afresh }),
    gone: channel.closed,
  })
}

/** Has the process before make a change, too: its connections obey it, and whoever has lost a right loses it there. */
function repeatBy({ channel }: Predecessor, { rules, log }: TakingOverOptions): Repeat {
  return async (method, params) => {
    // Each process numbers its rules; but for tests, which may be of users who are new, the text is the same in both.
    const change = method.startsWith('rules.')
      ? { method: 'rules.apply', params: { text: rules.untested } }
      : { method, params }
    const late = setTimeout(repeatTime, undefined, { ref: false }).then(() => {
      throw new Refusal('unavailable', 'it does not answer')
    })
    const gone = channel.closed.then(() => undefined)
    try {
      return (await Promise.race([channel.ask('repeat', change), gone, late])) as object | undefined
    } catch (error) {
      log.warn(`${method} is not made for the connections of the process before: ${(error as Error).message}`)
      return undefined
    }
  }
}

/** What a process that makes way tells this one. */
async function hear(
  question: string,
  given: unknown,
  store: Store,
  { accounts, usage, bans }: DataPlane,
  ports: RelayPorts,
): Promise<unknown> {
  switch (question) {
    case 'usage':
      return usage.add(given as OtherBatch)
    case 'ids':
      return (given as { names: string[] }).names.map((name) => accounts.named(name)?.id ?? others)
    case 'audit': {
      const { entries, kept } = given as { entries: Omit<AuditEntry, 'id'>[]; kept: AuditKept }
      return store.audit.append(entries, kept)
    }
    case 'stored':
      return storedNow(given as { part: string; method: string; given: unknown }, store)
    case 'relayPorts':
      return ports.follow((given as { places: number[] }).places)
    case 'bans':
      // One of an older version tells of those that are over by null.
      return bans.goOnWith((given as { bans: (Ban | null)[] }).bans.filter((ban) => ban !== null))
    default:
      throw new Refusal('unavailable', `this version does not know what ${question} is`)
  }
}

/** What changes in a process that has made way are built on; of other parts it has no use. */
async function storedNow(
  { part, method, given }: { readonly part: string; readonly method: string; readonly given: unknown },
  { users, settings }: Store,
): Promise<unknown> {
  switch (`${part}.${method}`) {
    case 'users.named':
      return users.named(given as string)
    case 'settings.load': {
      const { revision, values } = await settings.load()
      return { revision, values: [...values] }
    }
    default:
      throw new Refusal('unavailable', `this version does not tell of ${part}`)
  }
}
