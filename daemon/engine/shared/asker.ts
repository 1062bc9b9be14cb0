import type { Asker } from '../engine.ts'
import { type SessionTable, State } from '../session-table.ts'

/** The session that has this slot and serial, as one that asks for a name. */
export function askerOf(table: SessionTable, slot: number, serial: number): Asker {
  return {
    user: table.user[slot],
    source: table.clientAddress.slice(slot * 16, slot * 16 + 16),
    isWaiting: () => table.serial[slot] === serial && mayWait(table.state[slot]),
  }
}

/** A session asks before it has a peer, and an association all the time. */
function mayWait(state: number): boolean {
  return state === State.resolving || state === State.open
}
