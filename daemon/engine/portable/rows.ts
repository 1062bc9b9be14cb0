import { parseAddress, writeMapped } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import type { Network } from '../../net/network.ts'
import type { Protocol, Terms } from '../../socks/conversation.ts'
import { Command } from '../../socks/messages.ts'
import type { Asker, Policy } from '../engine.ts'
import { showDatagram, showRequest, showTarget } from '../row-place.ts'
import { type Entrance, type forwarded, type Reason, SessionTable, State, stateCount, Total } from '../session-table.ts'
import { admit, type Gate } from '../shared/admission.ts'
import { askerOf } from '../shared/asker.ts'
import type { PacedBy } from '../shared/budget.ts'
import { Direction } from '../shared/limit-lines.ts'
import { isWithin } from '../shared/places.ts'
import type { Refusal } from '../shared/refusals.ts'
import { termsFor } from '../shared/trusted-sources.ts'
import type { Uses } from './uses.ts'

const none = new Uint8Array(16)

/** Gives out the rows of a session table. */
export class Rows {
  readonly table: SessionTable
  readonly #uses: Uses
  readonly #free: number[] = []
  #unused = 0
  #lastSerial = 0

  constructor(capacity: number, uses: Uses) {
    this.table = new SessionTable(capacity)
    this.#uses = uses
  }

  /** A row for a client just accepted; there must be one left. */
  begin(address: Uint8Array, port: number, entrance: Entrance): Row {
    const slot = this.#free.pop() ?? this.#unused++
    const row = new Row(this.table, this.#uses, slot, ++this.#lastSerial, () => this.#free.push(slot))
    writeMapped(this.table.clientAddress, slot * 16, address)
    this.table.clientPort[slot] = port
    this.table.begin(slot, row.serial, performance.now(), entrance)
    return row
  }
}

/** One session's row, and its part in the counters. */
export class Row {
  readonly serial: number
  readonly #table: SessionTable
  readonly #uses: Uses
  /** Of the table. */
  readonly slot: number
  readonly #release: () => void
  /** Of its two directions, those that wait for a limit's credit. */
  waiting = 0

  constructor(table: SessionTable, uses: Uses, slot: number, serial: number, release: () => void) {
    this.#table = table
    this.#uses = uses
    this.slot = slot
    this.serial = serial
    this.#release = release
  }

  /** The user's index, 0 without a login. */
  get user(): number {
    return this.#table.user[this.slot]
  }

  /** What the client speaks: a `Protocol`, or 0 until that is known. */
  get protocol(): number {
    return this.#table.protocol[this.slot]
  }

  set protocol(protocol: Protocol) {
    this.#table.protocol[this.slot] = protocol
  }

  /** The client's address, as the table has it. */
  get client(): Uint8Array {
    return this.#table.clientAddress.slice(this.slot * 16, this.slot * 16 + 16)
  }

  /** The line of the client's source, or `noLine`. */
  get source(): number {
    return this.#uses.places.sourceOf(this.slot)
  }

  /** See `Places`. */
  arrive(mayAlways: boolean): Reason | undefined {
    return this.#uses.places.arrive(this.slot, this.#table.clientAddress, performance.now(), mayAlways)
  }

  /** See `admit`. */
  admit(destination: Destination, { policy, verdicts }: Pick<Gate, 'policy' | 'verdicts'>): Refusal | undefined {
    const gate = { table: this.#table, places: this.#uses.places, policy, verdicts }
    return admit(gate, this.slot, destination, performance.now())
  }

  /** See `Places`. */
  bind(): boolean {
    return this.#uses.places.bind(this.slot, this.user, this.#table.clientAddress)
  }

  /** See `Places`. */
  limitsChanged(): void {
    this.#uses.places.limitsChanged(this.slot, this.#table.clientAddress, performance.now())
  }

  isWithin(networks: readonly Network[] | undefined): boolean {
    return isWithin(networks, this.#table.clientAddress, this.slot)
  }

  /** Which limit paces it now. */
  get paced(): PacedBy {
    return this.#table.paced[this.slot] as PacedBy
  }

  set paced(limit: PacedBy) {
    this.#table.paced[this.slot] = limit
  }

  /** A direction has waited so many milliseconds for a limit's credit. */
  waited(direction: Direction, milliseconds: number): void {
    this.#table.pacedFor[this.slot] += milliseconds
    this.#table.totals[direction === Direction.up ? Total.pacedUp : Total.pacedDown] += milliseconds
  }

  /** A datagram was dropped for a limit. */
  dropped(): void {
    this.#table.dropped[this.slot]++
  }

  /** A datagram was relayed, or is lost. */
  countDatagram(direction: Direction, isRelayed: boolean): void {
    const [relayed, dropped] = isRelayed ? [1, 0] : [0, 1]
    if (direction === Direction.up) this.#table.datagramsUp(relayed, dropped)
    else this.#table.datagramsDown(relayed, dropped)
  }

  /** When the session began, as `performance.now` counts. */
  get since(): number {
    return this.#table.since[this.slot * stateCount + State.negotiating] as number
  }

  /** As one that asks for a name. */
  get asker(): Asker {
    return askerOf(this.#table, this.slot, this.serial)
  }

  /** See `termsFor`. */
  termsBy(context: { readonly policy: Policy }): Terms {
    return termsFor(context, this.#table, this.slot)
  }

  /** From now on this session and its bytes are the user's. */
  login(user: number): void {
    this.#table.login(this.slot, user)
  }

  /** See `SessionTable.tried`. */
  tried(username: Uint8Array): void {
    this.#table.tried(this.slot, username)
  }

  requested(command: Command | typeof forwarded, destination: Destination): void {
    this.#table.command[this.slot] = command
    showRequest(this.#table, this.slot, destination)
  }

  /** UDP ASSOCIATE was asked for: where datagrams go to is not known before they do. */
  associating(): void {
    this.#table.command[this.slot] = Command.udpAssociate
  }

  /** A datagram went to `address`, a literal, which `name`, or '', stands for. */
  sent(name: string, address: string, port: number): void {
    const bytes = bytesOf(address)
    const destination =
      name === '' ? { kind: 'address' as const, bytes, scope: 0, port } : { kind: 'name' as const, name, port }
    showDatagram(this.#table, this.slot, destination, bytes)
  }

  resolving(): void {
    this.#enter(State.resolving)
  }

  listening(): void {
    this.#enter(State.listening)
  }

  connecting(): void {
    this.#enter(State.connecting)
  }

  dialling(address: Uint8Array): void {
    this.#table.open(this.slot)
    writeMapped(this.#table.targetAddress, this.slot * 16, address)
    this.#table.seal(this.slot)
  }

  /** As `dialling`, of a literal; the port is another one than was asked for. */
  target(address: string, port: number): void {
    showTarget(this.#table, this.slot, bytesOf(address), port)
  }

  connected(): void {
    this.#enter(State.open)
    this.#table.totals[Total.connected]++
  }

  deliveredUp(bytes: number): void {
    this.#table.deliveredUp(this.slot, bytes)
    this.#uses.spend(this.user, bytes)
  }

  deliveredDown(bytes: number): void {
    this.#table.deliveredDown(this.slot, bytes)
    this.#uses.spend(this.user, bytes)
  }

  refused(reason: Reason): void {
    this.#table.refuse(this.slot, reason, performance.now())
  }

  /** See `Places.isShort`. */
  get arePlacesShort(): boolean {
    return this.#uses.places.isShort
  }

  /** Whether it has what it asked for. */
  get stands(): boolean {
    return this.#table.state[this.slot] === State.open
  }

  /** Whether it has asked for something, and has not been refused. */
  get isServed(): boolean {
    const state = this.#table.state[this.slot]
    return state !== State.negotiating && state !== State.closing
  }

  /** See `SessionTable.whyBrokenOff`. */
  whyBrokenOff(reason: Reason): Reason {
    return this.#table.whyBrokenOff(this.slot, reason)
  }

  /** The session is over, and the slot is free again. */
  end(reason: Reason): void {
    this.#uses.places.leave(this.slot, performance.now())
    this.#table.end(this.slot, reason, performance.now())
    this.#release()
  }

  #enter(state: State): void {
    this.#table.enter(this.slot, state, performance.now())
  }
}

/** Of an address literal, its zone left out; zeros if it is none. */
function bytesOf(literal: string): Uint8Array {
  return parseAddress(literal)?.bytes ?? none
}
