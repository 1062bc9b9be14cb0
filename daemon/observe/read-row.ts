import { type Connection, commands, connectionStates } from '../../shared/protocol/methods.ts'
import { type SessionTable, stateCount } from '../engine/session-table.ts'
import { isUnspecified } from '../net/address.ts'
import { endpointText } from '../net/endpoint.ts'

/** How people call what a table has as numbers. */
export interface Naming {
  /** A session's id, by its serial. */
  idOf(serial: number): string
  /** A user's name, by index, also of users who are gone; undefined for 0. */
  nameOf(index: number): string | undefined
}

/** The session in a slot, or in a row of the closed ones; undefined if it is free, or changed hands while it was read. */
export function readRow(table: SessionTable, slot: number, naming: Naming): Connection | undefined {
  const serial = table.serial[slot]
  if (serial === 0) return undefined
  const dialled = dialledAddress(table, slot)
  const row: Connection = {
    id: naming.idOf(serial),
    state: connectionStates[table.state[slot]],
    user: naming.nameOf(table.user[slot]) ?? null,
    // CMD counts from 1.
    command: commands[table.command[slot] - 1] ?? null,
    client: endpointText(table.clientAddress, 16 * slot, table.clientPort[slot]),
    destination: requestedName(table, slot) ?? dialled,
    address: dialled,
    opened: table.since[slot * stateCount],
    up: table.up[slot],
    down: table.down[slot],
  }
  return table.serial[slot] === serial ? row : undefined
}

/** Null until an address is dialled; it is all zero until then. */
function dialledAddress({ targetAddress, targetPort }: SessionTable, slot: number): string | null {
  return isUnspecified(targetAddress.subarray(16 * slot, 16 * slot + 16))
    ? null
    : endpointText(targetAddress, 16 * slot, targetPort[slot])
}

/** Undefined if nothing was asked for yet, or an address was. */
function requestedName({ name, targetPort }: SessionTable, slot: number): string | undefined {
  const start = 256 * slot + 1
  const length = name[start - 1]
  if (length === 0) return undefined
  // The engine lets no byte beyond ASCII in.
  const text = Buffer.from(name.buffer, name.byteOffset + start, length).toString('latin1')
  return `${text}:${targetPort[slot]}`
}
