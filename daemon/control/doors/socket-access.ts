import { readFileSync } from 'node:fs'
import type { Role } from '../../../shared/protocol/methods.ts'
import { ControlStartError } from '../start-error.ts'

/** Who may open the Unix socket, and what they are then. */
export interface SocketAccess {
  /** This user alone, or a group too. */
  readonly mode: '0600' | '0660'
  /** By name or number; empty: this process's own. Only with 0660. */
  readonly group: string
  readonly role: Role
}

/** The number of the group that may open the socket; undefined if none may. Throws `ControlStartError`. */
export function groupOf({ mode, group }: SocketAccess): number | undefined {
  if (mode === '0660') return groupNumber(group)
  if (group === '') return undefined
  const mend = 'add control-socket-mode 0660, or leave control-socket-group out'
  throw new ControlStartError(`no group may open a Unix socket of mode 0600: ${mend}`, 2)
}

function groupNumber(group: string): number {
  if (group === '') return process.getegid?.() ?? -1
  if (/^\d{1,9}$/.test(group)) return Number(group)
  const [, , number] = groups().find(([name]) => name === group) ?? []
  if (number !== undefined) return Number(number)
  const name = JSON.stringify(group)
  throw new ControlStartError(
    `/etc/group has no group ${name}: give control-socket-group one that it has, or the group's number`,
    2,
  )
}

/** As in group(5): name, password, number, members. */
function groups(): string[][] {
  try {
    return readFileSync('/etc/group', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
  } catch {
    return []
  }
}
