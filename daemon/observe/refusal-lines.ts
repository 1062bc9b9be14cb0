import { counted } from '../../shared/format/count.ts'
import type { SessionTable } from '../engine/session-table.ts'
import { eachSource, type LimitLines } from '../engine/shared/limit-lines.ts'

/** Lines told at once; further users are told of together. */
const mostLines = 50

/** What refuses users something. */
export interface Refuser {
  /** As it begins the line. */
  readonly name: string
  /** How often it has refused the user with that index something, in all. */
  count(index: number): number
  /** What is said behind the count; perhaps nothing. */
  details?(index: number): string
}

/** Tells whom something was refused: of each user one line at each look, whatever there was. */
export class RefusalLines {
  readonly #by: Refuser
  readonly #tell: (line: string) => void
  /** By the user's index: those that were told of. */
  readonly #told = new Map<number, number>()

  constructor(by: Refuser, tell: (line: string) => void) {
    this.#by = by
    this.#tell = tell
  }

  /** `highestIndex`: no user has one above it. */
  look(highestIndex: number, nameOf: (index: number) => string | undefined): void {
    const { name } = this.#by
    const lines: string[] = []
    for (let index = 0; index <= highestIndex; index++) {
      const whom = index === 0 ? 'clients without a login' : `user ${JSON.stringify(nameOf(index) ?? '')}`
      const count = this.#countNew(index)
      if (count > 0) lines.push(`${name} refused ${whom} ${counted(count, 'time')}${this.#by.details?.(index) ?? ''}`)
    }
    const ofSources = this.#countNew(eachSource)
    if (ofSources > 0)
      lines.unshift(`${name} refused ${counted(ofSources, 'connection')} of sources that have too many`)
    for (const line of lines.slice(0, mostLines)) this.#tell(line)
    if (lines.length > mostLines) this.#tell(`${name} refused ${lines.length - mostLines} more users something`)
  }

  #countNew(index: number): number {
    const total = this.#by.count(index)
    const told = this.#told.get(index) ?? 0
    if (total !== told) this.#told.set(index, total)
    // An index begins anew with its next owner.
    return total < told ? total : total - told
  }
}

/** Rules, as the loops' tables tell of them. */
export function byRules(tables: readonly Pick<SessionTable, 'userForbidden' | 'userForbiddenBy'>[]): Refuser {
  return {
    name: 'rules',
    count: (index) => tables.reduce((sum, { userForbidden }) => sum + (userForbidden[index] ?? 0), 0),
    details(index) {
      const table = tables.find(({ userForbidden }) => userForbidden[index] !== 0)
      return `, such as rule ${table?.userForbiddenBy[index]}`
    },
  }
}

/** Limits of connections, of users and of sources. */
export function byLimits(lines: Pick<LimitLines, 'refusals'>): Refuser {
  return { name: 'limits', count: (index) => lines.refusals(index) }
}
