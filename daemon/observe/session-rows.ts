import { endReasons } from '../../shared/end-reasons.ts'
import { bareWord } from '../../shared/format/safe-text.ts'
import type { ClosedConnection, Connection, Result } from '../../shared/protocol/methods.ts'
import { commands, connectionStates, pacedBy } from '../../shared/protocol/vocabulary.ts'
import type { SettingName, Settings } from '../../shared/settings.ts'
import { protocolOf, requestedName, targetAddressOf, triedName } from '../engine/row-place.ts'
import { readSteadily, type SessionTable, stateCount } from '../engine/session-table.ts'
import { formatAddress } from '../net/address.ts'
import { endpointText, formatEndpoint } from '../net/endpoint.ts'

/** How people call what a table has as numbers. */
export interface Naming {
  /** A session's id, by its serial. */
  idOf(serial: number): string
  /** A user's name, by index, also of users who are gone; undefined for 0. */
  nameOf(index: number): string | undefined
  /** The wall's time, in milliseconds since 1970, for one of `performance.now`. */
  timeOf(time: number): number
}

type Details = Result<'connections.get'>

/** Bytes a second that may be moved each way by whose rate somebody of this index waits for; 0: any. */
export type RateOf = (
  by: NonNullable<Connection['paced']>,
  user: number,
) => { readonly up: number; readonly down: number }

/** What is in force. */
interface InForce {
  readonly settings: Readonly<Settings>
  readonly rateOf: RateOf
}

/** What bounds a session in each state. A closing one has been refused: a second or two, whatever the settings say. */
const bounds = {
  negotiating: ['timeout-negotiation'],
  resolving: ['timeout-resolve'],
  connecting: ['timeout-connect'],
  listening: ['timeout-bind'],
  open: ['timeout-idle', 'timeout-half-closed'],
  closing: [],
  association: ['timeout-udp'],
} as const satisfies Record<Connection['state'] | 'association', readonly SettingName[]>

/** The session in a slot at one moment, undefined if there is none, and the guard of that moment. */
export function readLive(table: SessionTable, slot: number, naming: Naming) {
  return readSteadily(table, slot, () => readRow(table, slot, naming))
}

/** A session that has ended. The caller sees to it that the row was not written over meanwhile. */
function readEnded(table: SessionTable, row: number, naming: Naming): ClosedConnection | undefined {
  const connection = readRow(table, row, naming)
  return connection && { ...connection, ended: naming.timeOf(table.closed[row]), reason: endReasons[table.reason[row]] }
}

/** The sessions that ended last, newest first, at most `limit`: those that the tables remember. */
export function lastEnded(tables: readonly SessionTable[], limit: number, naming: Naming): ClosedConnection[] {
  return (
    tables
      .flatMap((table) => {
        const { endings, closed, serial } = table
        const { count, oldest } = endings
        // Numbers only: most of these rows are not asked for, and text is what costs.
        const read = (row: number) => ({ table, row, serial: serial[row], ended: closed[row] })
        return endings.drain(oldest, count, read).values
      })
      .sort((a, b) => b.ended - a.ended || b.serial - a.serial)
      .slice(0, limit)
      // The serial is what is written first when a row is written over.
      .flatMap(({ table, row, serial }) => {
        const connection = readEnded(table, row, naming)
        return connection && table.serial[row] === serial ? connection : []
      })
  )
}

/** All about the session with this serial, live or ended; undefined if no table has it any more. */
export function readDetails(
  tables: readonly SessionTable[],
  serial: number,
  naming: Naming,
  inForce: InForce,
): Details | undefined {
  for (const table of tables) {
    // A session is copied to the ended ones before its slot is emptied, and the slots come first: it is not missed.
    const slot = table.serial.subarray(0, table.capacity).indexOf(serial)
    const live = slot < 0 ? undefined : liveDetails(table, slot, serial, naming, inForce)
    if (live) return live
    const read = (row: number) => (table.serial[row] === serial ? endedDetails(table, row, naming) : undefined)
    const ended = table.endings.drain(table.endings.oldest, table.endings.count, read).values.find(Boolean)
    if (ended) return ended
  }
  return undefined
}

function liveDetails(
  table: SessionTable,
  slot: number,
  serial: number,
  naming: Naming,
  inForce: InForce,
): Details | undefined {
  const read = () => ({
    connection: readRow(table, slot, naming),
    timeline: timelineOf(table, slot, naming),
    user: table.user[slot] as number,
  })
  const { connection, timeline, user } = readSteadily(table, slot, read).value
  if (connection?.id !== naming.idOf(serial)) return undefined
  const isAssociation = connection.state === 'open' && connection.command === 'udp-associate'
  const names = bounds[isAssociation ? 'association' : connection.state]
  const limits = names.map((setting) => ({ setting, value: inForce.settings[setting] }))
  const { paced } = connection
  return { connection, end: null, timeline, limits, ...(paced && { pace: inForce.rateOf(paced, user) }) }
}

function endedDetails(table: SessionTable, row: number, naming: Naming): Details | undefined {
  const connection = readRow(table, row, naming)
  const end = { time: naming.timeOf(table.closed[row]), reason: endReasons[table.reason[row]] }
  return connection && { connection, end, timeline: timelineOf(table, row, naming), limits: [] }
}

/** Undefined if the row is nobody's. */
function readRow(table: SessionTable, row: number, naming: Naming): Connection | undefined {
  const serial = table.serial[row]
  if (serial === 0) return undefined
  const [name, target, tried] = [requestedName(table, row), targetAddressOf(table, row), triedName(table, row)]
  const at = (host: string) => formatEndpoint({ address: host, port: table.targetPort[row] })
  const address = target ? at(formatAddress(target)) : null
  const protocol = protocolOf(table, row)
  return {
    id: naming.idOf(serial),
    state: connectionStates[table.state[row]],
    user: naming.nameOf(table.user[row]) ?? null,
    ...(tried && { tried: bareWord(tried) }),
    command: commands[table.asked(row) - 1] ?? null,
    ...(protocol && { protocol }),
    client: endpointText(table.clientAddress, 16 * row, table.clientPort[row]),
    destination: name === undefined ? address : at(name),
    address,
    opened: naming.timeOf(table.since[row * stateCount]),
    up: table.up[row],
    down: table.down[row],
    ...(table.rule[row] !== 0 && { rule: table.rule[row] }),
    ...pacingOf(table, row),
  }
}

function pacingOf(table: SessionTable, row: number): Pick<Connection, 'paced' | 'waited' | 'dropped'> {
  const [paced, waited, dropped] = [pacedByOf(table, row), table.pacedFor[row], table.dropped[row]]
  return { ...(paced && { paced }), ...(waited > 0 && { waited }), ...(dropped > 0 && { dropped }) }
}

/** Whose rate a session waits for, which changes without the guard. */
export function pacedByOf({ paced }: SessionTable, row: number): Connection['paced'] {
  return pacedBy[paced[row] - 1]
}

/** States are numbered in the order in which a session comes to them. */
function timelineOf({ since }: SessionTable, row: number, naming: Naming): Details['timeline'] {
  return connectionStates
    .map((state, i) => ({ state, since: since[row * stateCount + i] }))
    .filter((stage) => stage.since > 0)
    .map((stage) => ({ ...stage, since: naming.timeOf(stage.since) }))
}
