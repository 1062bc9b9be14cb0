import { unmapped, writeMapped } from '../net/address.ts'
import type { Destination } from '../net/destination.ts'
import type { ProtocolName } from '../socks/conversation.ts'
import { Command } from '../socks/messages.ts'
import { type SessionTable, State } from './session-table.ts'

/** What a row tells of where its session leads and by what protocol it was asked to, or of who it was that did not get so far. */

/** By `Protocol`. */
const spoken: readonly (ProtocolName | undefined)[] = [undefined, 'socks5', 'socks4', 'http', 'http']

/** What the client speaks; undefined if that is not known. */
export function protocolOf({ protocol }: SessionTable, row: number): ProtocolName | undefined {
  return spoken[protocol[row] as number]
}

/** The client asks for this. */
export function showRequest(table: SessionTable, row: number, destination: Destination): void {
  table.open(row)
  writeDestination(table, row, destination)
  table.seal(row)
}

/** The session leads to this address, 4 or 16 bytes, whatever was asked for. */
export function showTarget(table: SessionTable, row: number, address: Uint8Array, port: number): void {
  table.open(row)
  writeMapped(table.targetAddress, 16 * row, address)
  table.targetPort[row] = port
  table.seal(row)
}

/** The association's last datagram was for this, and went to this address. */
export function showDatagram(table: SessionTable, row: number, destination: Destination, address: Uint8Array): void {
  table.open(row)
  table.name[256 * row] = 0
  writeDestination(table, row, destination)
  writeMapped(table.targetAddress, 16 * row, address)
  table.seal(row)
}

function writeDestination(table: SessionTable, row: number, destination: Destination): void {
  table.targetPort[row] = destination.port
  if (destination.kind === 'address') return writeMapped(table.targetAddress, 16 * row, destination.bytes)
  const { name } = destination
  const at = 256 * row
  for (let i = 0; i < name.length; i++) table.name[at + 1 + i] = name.charCodeAt(i)
  table.name[at] = name.length
}

/** The name that was asked for; undefined if an address was, or nothing. */
export function requestedName(table: SessionTable, row: number): string | undefined {
  if (table.command[row] === 0) return undefined
  const { buffer, byteOffset, length } = nameIn(table, row)
  // The engine lets no byte beyond ASCII in.
  return length === 0 ? undefined : Buffer.from(buffer, byteOffset, length).toString('latin1')
}

/** The user name of a login that was wrong; undefined if there was none. */
export function triedName(table: SessionTable, row: number): Uint8Array | undefined {
  const name = nameIn(table, row)
  return table.command[row] === 0 && name.length > 0 ? name : undefined
}

/** The address that was asked for, 4 or 16 bytes, or that a name, a peer or a datagram led to; undefined until there is one. */
export function targetAddressOf(table: SessionTable, row: number): Uint8Array | undefined {
  const address = table.targetAddress.subarray(16 * row, 16 * row + 16)
  if (address.some((octet) => octet !== 0)) return unmapped(address)
  const [command, hasPort] = [table.command[row], table.targetPort[row] !== 0]
  // Somebody may ask for just that, `::`, or for a name that leads there.
  const isAskedFor = hasPort && command !== Command.udpAssociate && requestedName(table, row) === undefined
  const isReached = command === Command.connect && table.state[row] === State.open
  return isAskedFor || isReached ? address : undefined
}

function nameIn({ name }: SessionTable, row: number): Uint8Array {
  const start = 256 * row + 1
  return name.subarray(start, start + (name[start - 1] as number))
}
