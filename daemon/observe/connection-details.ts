import { type Connection, connectionStates, endReasons, type Result } from '../../shared/protocol/methods.ts'
import type { SettingName, Settings } from '../../shared/settings.ts'
import { type SessionTable, stateCount } from '../engine/session-table.ts'
import { type Naming, readRow } from './read-row.ts'

type Details = Result<'connections.get'>

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

/** All about the session with this serial, live or closed; undefined if no table has it any more. */
export function readDetails(
  tables: readonly SessionTable[],
  serial: number,
  naming: Naming,
  settings: Readonly<Settings>,
): Details | undefined {
  for (const table of tables) {
    // A session is copied to the closed ones before its slot is emptied, and the slots come first: it is not missed.
    for (let row = table.serial.indexOf(serial); row >= 0; row = table.serial.indexOf(serial, row + 1)) {
      const details = readDetailsRow(table, row, naming, settings)
      if (details && table.serial[row] === serial) return details
    }
  }
  return undefined
}

function readDetailsRow(table: SessionTable, row: number, naming: Naming, settings: Readonly<Settings>) {
  const isLive = row < table.capacity
  const end = isLive ? null : { time: table.closed[row], reason: endReasons[table.reason[row]] }
  const timeline = timelineOf(table, row)
  const connection = readRow(table, row, naming)
  if (!connection) return undefined
  const isAssociation = connection.state === 'open' && connection.command === 'udp-associate'
  const names = isLive ? bounds[isAssociation ? 'association' : connection.state] : []
  return { connection, end, timeline, limits: names.map((setting) => ({ setting, value: settings[setting] })) }
}

/** States are numbered in the order in which a session comes to them. */
function timelineOf({ since }: SessionTable, row: number): Details['timeline'] {
  return connectionStates
    .map((state, i) => ({ state, since: since[row * stateCount + i] }))
    .filter((stage) => stage.since > 0)
}
