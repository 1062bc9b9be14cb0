import { parseAddress } from '../../socks/address.ts'
import type { Destination } from '../../socks/negotiation.ts'
import { SessionTable, State, Total } from '../session-table.ts'

/** Gives out the rows of a session table. */
export class Rows {
  readonly table: SessionTable
  readonly #free: number[] = []
  #unused = 0
  #lastSerial = 0

  constructor(capacity: number) {
    this.table = new SessionTable(capacity)
  }

  /** A row for a client just accepted; there must be one left. `address` is a literal. */
  begin(address: string, port: number): Row {
    const slot = this.#free.pop() ?? this.#unused++
    const row = new Row(this.table, slot, ++this.#lastSerial, () => this.#free.push(slot))
    writeAddress(this.table.clientAddress, slot, address)
    this.table.clientPort[slot] = port
    row.publish()
    return row
  }
}

/** One session's row, and its part in the counters. */
export class Row {
  readonly serial: number
  readonly #table: SessionTable
  readonly #slot: number
  readonly #release: () => void
  #connected = false

  constructor(table: SessionTable, slot: number, serial: number, release: () => void) {
    this.#table = table
    this.#slot = slot
    this.serial = serial
    this.#release = release
  }

  /** The user's index, 0 without a login. */
  get user(): number {
    return this.#table.user[this.#slot]
  }

  /** Shows the row to the control plane: the serial comes last. */
  publish(): void {
    const { opened, serial, state, totals, userSessions } = this.#table
    state[this.#slot] = State.negotiating
    opened[this.#slot] = Date.now()
    totals[Total.accepted]++
    userSessions[0]++
    serial[this.#slot] = this.serial
  }

  /** From now on this session and its bytes are the user's. */
  login(user: number): void {
    this.#table.userSessions[this.user]--
    this.#table.userSessions[user]++
    this.#table.user[this.#slot] = user
  }

  denied(): void {
    this.#table.totals[Total.denied]++
  }

  requested(destination: Destination): void {
    const { name, state, targetPort } = this.#table
    targetPort[this.#slot] = destination.port
    if (destination.kind === 'address') return
    state[this.#slot] = State.resolving
    name[this.#slot * 256] = destination.name.length
    name.set(Buffer.from(destination.name, 'latin1'), this.#slot * 256 + 1)
  }

  /** `address` is a literal. */
  dialling(address: string): void {
    this.#table.state[this.#slot] = State.connecting
    writeAddress(this.#table.targetAddress, this.#slot, address)
  }

  connected(): void {
    this.#connected = true
    this.#table.state[this.#slot] = State.open
    this.#table.totals[Total.connected]++
  }

  deliveredUp(bytes: number): void {
    this.#table.up[this.#slot] += bytes
    this.#table.userUp[this.user] += bytes
    this.#table.totals[Total.up] += bytes
  }

  deliveredDown(bytes: number): void {
    this.#table.down[this.#slot] += bytes
    this.#table.userDown[this.user] += bytes
    this.#table.totals[Total.down] += bytes
  }

  closing(): void {
    this.#table.state[this.#slot] = State.closing
  }

  /** The session is over: the serial goes first, the slot is free again. */
  end(): void {
    const { down, name, serial, targetAddress, targetPort, totals, up, user, userSessions } = this.#table
    const slot = this.#slot
    serial[slot] = 0
    if (!this.#connected) totals[Total.failed]++
    userSessions[this.user]--
    user[slot] = 0
    up[slot] = 0
    down[slot] = 0
    name[slot * 256] = 0
    targetPort[slot] = 0
    targetAddress.fill(0, slot * 16, slot * 16 + 16)
    this.#release()
  }
}

/** Writes an address literal, its zone left out, as 16 bytes. */
function writeAddress(column: Uint8Array, slot: number, literal: string): void {
  const address = parseAddress(literal.replace(/%.*/, '')) ?? new Uint8Array(16)
  const at = slot * 16
  column.fill(0, at, at + 16)
  if (address.length === 4) column.fill(0xff, at + 10, at + 12)
  column.set(address, at + 16 - address.length)
}
