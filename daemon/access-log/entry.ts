import { endReasons, refusalIn } from '../../shared/end-reasons.ts'
import { bareWord } from '../../shared/format/safe-text.ts'
import type { AccessEntry } from '../../shared/protocol/methods.ts'
import { commands } from '../../shared/protocol/vocabulary.ts'
import type { Settings } from '../../shared/settings.ts'
import { protocolOf, requestedName, targetAddressOf, triedName } from '../engine/row-place.ts'
import { type SessionTable, State, stateCount } from '../engine/session-table.ts'
import { firstOfSource, formatAddress, unmapped } from '../net/address.ts'
import { formatEndpoint } from '../net/endpoint.ts'
import type { WallClock } from '../observe/wall-clock.ts'
import type { UserNames } from './user-names.ts'

/** How much of clients and destinations is told. */
export interface Discretion {
  readonly mask: Settings['access-log-mask']
  /** Whether names that clients asked for are told. */
  readonly names: boolean
}

/** Makes entries of rows. The caller sees to it that the row does not change meanwhile. */
export class EntryReader {
  discretion: Discretion = { mask: 'none', names: true }
  readonly #tag: string
  readonly #users: UserNames
  readonly #wall: Pick<WallClock, 'tell'>

  /** `tag` begins the ids of all connections of this start of the daemon. */
  constructor(tag: string, users: UserNames, wall: Pick<WallClock, 'tell'>) {
    this.#tag = tag
    this.#users = users
    this.#wall = wall
  }

  /** Of a session that has ended. */
  ended(table: SessionTable, row: number, loop: number): AccessEntry {
    return this.#read(table, row, loop, 'end', table.closed[row])
  }

  /** Of one that has reached its destination: as it was then. */
  started(table: SessionTable, row: number, loop: number): AccessEntry {
    const opened = table.since[row * stateCount + State.open]
    const { paced_ms, ...entry } = this.#read(table, row, loop, 'start', opened)
    return { ...entry, up: 0, down: 0 }
  }

  /** Of a live one, as it is `now`, of `performance.now`. */
  alive(table: SessionTable, row: number, loop: number, now: number): AccessEntry {
    return this.#read(table, row, loop, 'alive', now)
  }

  #read(table: SessionTable, row: number, loop: number, event: AccessEntry['event'], now: number): AccessEntry {
    const since = (state: State) => table.since[row * stateCount + state]
    const opened = since(State.open)
    const reason = event === 'end' ? endReasons[table.reason[row]] : null
    const hasAsked = table.command[row] !== 0
    const [tried, target, protocol] = [triedName(table, row), targetAddressOf(table, row), protocolOf(table, row)]
    return {
      ts: this.#wall.tell(now),
      event,
      id: `${this.#tag}-${table.serial[row]}`,
      user: this.#users.at(table.user[row], now),
      ...(tried && { tried: bareWord(tried) }),
      source: sourceText(table, row, this.discretion.mask),
      cmd: commands[table.asked(row) - 1] ?? null,
      ...(protocol && { protocol }),
      name: (this.discretion.names && requestedName(table, row)) || null,
      address: target ? formatAddress(target) : null,
      port: hasAsked ? table.targetPort[row] : null,
      up: table.up[row],
      down: table.down[row],
      duration: Math.round(now - since(State.negotiating)),
      connect_ms: opened === 0 ? null : Math.round(opened - (firstOf(since) || opened)),
      result: opened > 0 || reason === null ? 'ok' : refusalIn(reason) ? 'refused' : 'failed',
      reason,
      ...(table.rule[row] !== 0 && { rule: table.rule[row] }),
      ...(table.pacedFor[row] > 0 && { paced_ms: Math.round(table.pacedFor[row]) }),
      loop,
    }
  }
}

/** When the destination was first looked for. */
function firstOf(since: (state: State) => number): number {
  return since(State.resolving) || since(State.connecting) || since(State.listening)
}

/** What a setting lets be told of where a client comes from. */
function sourceText({ clientAddress, clientPort }: SessionTable, row: number, mask: Discretion['mask']): string | null {
  if (mask === 'full') return null
  const address = unmapped(clientAddress.subarray(16 * row, 16 * row + 16))
  if (mask === 'none') return formatEndpoint({ address: formatAddress(address), port: clientPort[row] })
  const network = address.length === 4 ? Uint8Array.of(...address.subarray(0, 3), 0) : firstOfSource(address, 48)
  return `${formatAddress(network)}/${address.length === 4 ? 24 : 48}`
}
