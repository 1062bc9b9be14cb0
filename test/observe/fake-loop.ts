import { Reason, SessionTable, State, stateCount, Total } from '../../daemon/engine/session-table.ts'
import type { PacedBy } from '../../daemon/engine/shared/budget.ts'
import { parseAddress, writeMapped } from '../../daemon/net/address.ts'
import type { ObservedConnections } from '../../daemon/observe/connections.ts'
import { Command } from '../../daemon/socks/messages.ts'
import type { Connection } from '../../shared/protocol/methods.ts'

/** A clock on the wall that shows what the loops write. */
export const asItIs = { look: () => 0, tell: (time: number) => time }

/** The live connections, oldest first. */
export function listed(connections: ObservedConnections): Connection[] {
  return connections.page(500)?.connections ?? []
}

interface Session {
  readonly serial: number
  readonly opened?: number
  readonly client?: readonly [address: string, port: number]
}

/** Writes a session table as a loop does. */
export class FakeLoop {
  readonly table: SessionTable

  constructor(capacity = 8) {
    this.table = new SessionTable(capacity)
  }

  begin(slot: number, { serial, opened = 0, client = ['127.0.0.1', 1] }: Session): void {
    const { table } = this
    writeAddress(table.clientAddress, slot, client[0])
    table.clientPort[slot] = client[1]
    table.begin(slot, serial, opened)
  }

  login(slot: number, user: number): void {
    this.table.login(slot, user)
  }

  request(slot: number, name: string, port: number): void {
    this.table.command[slot] = Command.connect
    this.table.targetPort[slot] = port
    this.table.name[256 * slot] = name.length
    this.table.name.set(Buffer.from(name, 'latin1'), 256 * slot + 1)
    this.enter(slot, State.resolving)
  }

  /** The request gives an address, which is not dialled yet. */
  ask(slot: number, address: string, port: number): void {
    this.table.command[slot] = Command.connect
    this.table.targetPort[slot] = port
    writeAddress(this.table.targetAddress, slot, address)
  }

  dial(slot: number, address: string, port: number): void {
    this.table.targetPort[slot] = port
    writeAddress(this.table.targetAddress, slot, address)
    this.enter(slot, State.connecting)
  }

  connected(slot: number): void {
    this.enter(slot, State.open)
    add(this.table.totals, Total.connected, 1)
  }

  move(slot: number, up: number, down: number): void {
    const { table } = this
    add(table.up, slot, up)
    add(table.down, slot, down)
    add(table.userUp, this.#userOf(slot), up)
    add(table.userDown, this.#userOf(slot), down)
    add(table.totals, Total.up, up)
    add(table.totals, Total.down, down)
  }

  /** As a pacer does: without the guard, as with bytes. */
  pace(slot: number, paced: PacedBy, waited: number): void {
    this.table.paced[slot] = paced
    add(this.table.pacedFor, slot, waited)
  }

  /** Each state lasts a millisecond, unless told. */
  enter(slot: number, state: State, now = this.#lastChange(slot) + 1): void {
    this.table.enter(slot, state, now)
  }

  /** An open session has finished, another one failed, unless told. */
  end(slot: number, reason?: Reason, now = this.#lastChange(slot) + 1): void {
    this.table.end(slot, reason ?? this.table.whyBrokenOff(slot, Reason.finished), now)
  }

  #lastChange(slot: number): number {
    return Math.max(...this.table.since.subarray(slot * stateCount, (slot + 1) * stateCount))
  }

  #userOf(slot: number): number {
    return this.table.user[slot] ?? 0
  }
}

function add(column: Float64Array | Int32Array, index: number, amount: number): void {
  column[index] = (column[index] ?? 0) + amount
}

function writeAddress(column: Uint8Array, slot: number, literal: string): void {
  const address = parseAddress(literal)
  if (!address) throw new Error(`${literal} is no address`)
  writeMapped(column, 16 * slot, address.bytes)
}
