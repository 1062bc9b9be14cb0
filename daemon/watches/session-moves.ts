import { requestedName, targetAddressOf } from '../engine/row-place.ts'
import { readSteadily, type SessionTable } from '../engine/session-table.ts'
import { formatAddress, unmapped } from '../net/address.ts'

/** What a session has done since the last look. */
export interface SessionMove {
  /** The user's index. */
  readonly user: number
  /** The client's address, 4 or 16 bytes. */
  readonly source: Uint8Array
  /** Where it leads, as it was asked for, without the port; undefined until it does. */
  readonly host: string | undefined
  /** Bytes both ways. */
  readonly moved: number
}

interface Look {
  readonly serial: number
  readonly total: number
  readonly move: Omit<SessionMove, 'moved'>
}

/** Looks at all sessions again and again, at those that have ended meanwhile, too; what is written over in between is missed. */
export class SessionMoves {
  readonly #tables: readonly SessionTable[]
  readonly #from: number[]
  /** By serial: bytes up to the last look. */
  #before = new Map<number, number>()

  constructor(tables: readonly SessionTable[]) {
    this.#tables = tables
    this.#from = tables.map(({ endings }) => endings.count)
    this.look()
  }

  /** Of each session that there was since the last look. */
  look(): SessionMove[] {
    const moves: SessionMove[] = []
    const live = new Map<number, number>()
    for (const [i, table] of this.#tables.entries()) {
      const looks: Look[] = []
      for (let slot = 0; slot < table.capacity; slot++)
        if (table.serial[slot] !== 0) {
          const { value } = readSteadily(table, slot, () => lookAt(table, slot))
          if (value.serial === 0) continue
          live.set(value.serial, value.total)
          looks.push(value)
        }
      const to = table.endings.count
      looks.push(...table.endings.drain(this.#from[i] as number, to, (row) => lookAt(table, row)).values)
      this.#from[i] = to
      for (const { serial, total, move } of looks) {
        const moved = Math.max(0, total - (this.#before.get(serial) ?? 0))
        this.#before.set(serial, total)
        moves.push({ ...move, moved })
      }
    }
    this.#before = live
    return moves
  }
}

function lookAt(table: SessionTable, row: number): Look {
  const address = targetAddressOf(table, row)
  const host = requestedName(table, row) ?? (address && formatAddress(address))
  return {
    serial: table.serial[row] as number,
    total: (table.up[row] as number) + (table.down[row] as number),
    move: {
      user: table.user[row] as number,
      source: unmapped(table.clientAddress.slice(16 * row, 16 * row + 16)),
      host,
    },
  }
}
