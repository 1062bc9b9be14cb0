import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, lstatSync, readFileSync, renameSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { whyNot } from '../../../shared/file-trouble.ts'
import type { Role } from '../../../shared/protocol/methods.ts'
import { ControlStartError } from '../start-error.ts'
import { giveToGroup } from './private-directory.ts'

/** Bytes of a Unix socket's path on Linux: unix(7). */
const longestPath = 107

/** Who may open the Unix socket, and what they are then. */
export interface SocketAccess {
  /** This user alone, or a group too. */
  readonly mode: '0600' | '0660'
  /** By name or number; empty: this process's own. Only with 0660. */
  readonly group: string
  readonly role: Role
}

/**
 * Listens on a Unix socket of mode 0600, or of 0660 for `group`: who can open it is let in. The folder must be locked
 * for this daemon. Replaces the socket of one that has gone or makes way, never another that answers. Throws `ControlStartError`.
 *
 * It gets its name once it listens, so that there is no moment without one that answers; and Node, which removes the name that
 * it has bound a server to, leaves the one that a successor has put there.
 */
export async function bindUnixSocket(
  server: Server,
  path: string,
  group: number | undefined,
  makesWay: boolean,
): Promise<void> {
  await refuseAnother(path, makesWay)
  // Of eleven characters, as the name has: the kernel takes no longer paths.
  const draft = join(dirname(path), `.${randomBytes(5).toString('hex')}`)
  try {
    await listenPrivately(server, draft, path)
    if (group !== undefined) {
      giveToGroup(draft, group)
      chmodSync(draft, 0o660)
    }
    renameSync(draft, path)
  } catch (error) {
    server.close()
    if (error instanceof ControlStartError) throw error
    const why = whyNot(error, path, 'name another folder with --runtime-dir')
    throw new ControlStartError(`cannot listen on the Unix socket ${path}: ${why}`)
  }
}

/** Throws a `ControlStartError` for a path that no Unix socket can have. */
export function foreseeUnixSocket(path: string): void {
  if (Buffer.byteLength(path) > longestPath) throw tooLong(path)
}

function tooLong(path: string): ControlStartError {
  return cannotListen(`the path ${path} is too long`)
}

function cannotListen(cause: string): ControlStartError {
  return new ControlStartError(`cannot listen on the Unix socket: ${cause}; see --runtime-dir`)
}

/** Node binds before `listen` returns, so there is no moment at which others could open the socket. */
async function listenPrivately(server: Server, draft: string, path: string): Promise<void> {
  try {
    const mask = process.umask(0o177)
    try {
      server.listen({ path: draft })
    } finally {
      process.umask(mask)
    }
    await once(server, 'listening')
  } catch (error) {
    // The kernel's way to say that a path is too long.
    const { code, message } = error as NodeJS.ErrnoException
    throw code === 'EINVAL' ? tooLong(path) : cannotListen(message)
  }
}

async function refuseAnother(path: string, makesWay: boolean): Promise<void> {
  if (!refuseNoSocket(path) || makesWay) return
  const failure = await probe(path)
  if (failure !== 'ECONNREFUSED' && failure !== 'ENOENT') {
    throw new ControlStartError(`a proxyd runs already with ${path}: end it, or give this one another --runtime-dir`)
  }
}

/** Whether something is there. Throws a `ControlStartError` if it is no socket. */
export function refuseNoSocket(path: string): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (!status || status.isSocket()) return status !== undefined
  throw new ControlStartError(`${path} is not a socket: remove it, or see --runtime-dir`)
}

/** The errno name if nobody answers. */
async function probe(path: string): Promise<string | undefined> {
  const socket = connect({ path })
  try {
    await once(socket, 'connect')
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  } finally {
    socket.destroy()
  }
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
