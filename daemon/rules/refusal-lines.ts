import { counted } from '../../shared/format/count.ts'
import type { SessionTable } from '../engine/session-table.ts'

/** Lines told at once; further users are told of together. */
const mostLines = 50

type Forbidden = Pick<SessionTable, 'userForbidden' | 'userForbiddenBy'>

/** Tells whom rules have refused something: of each user one line at each look, whatever there was. */
export class RefusalLines {
  readonly #tables: readonly Forbidden[]
  readonly #tell: (line: string) => void
  /** By the user's index: those that were told of. */
  readonly #told = new Map<number, number>()

  constructor(tables: readonly Forbidden[], tell: (line: string) => void) {
    this.#tables = tables
    this.#tell = tell
  }

  /** `highestIndex`: no user has one above it. */
  look(highestIndex: number, nameOf: (index: number) => string | undefined): void {
    const lines: string[] = []
    for (let index = 0; index <= highestIndex; index++) {
      const total = this.#tables.reduce((sum, { userForbidden }) => sum + (userForbidden[index] as number), 0)
      const count = total - (this.#told.get(index) ?? 0)
      if (count === 0) continue
      this.#told.set(index, total)
      const by = this.#tables.find(({ userForbidden }) => userForbidden[index] !== 0)?.userForbiddenBy[index]
      const whom = index === 0 ? 'clients without a login' : `user ${JSON.stringify(nameOf(index) ?? '')}`
      lines.push(`rules refused ${whom} ${counted(count, 'time')}, such as rule ${by}`)
    }
    for (const line of lines.slice(0, mostLines)) this.#tell(line)
    if (lines.length > mostLines) this.#tell(`rules refused ${lines.length - mostLines} more users something`)
  }
}
