import { once } from 'node:events'
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { ControlStartError } from '../start-error.ts'
import { giveToGroup } from './private-directory.ts'

/**
 * Listens on a Unix socket of mode 0600, or of 0660 for `group`: who can open it is let in. The folder must be locked
 * for this daemon. Replaces the socket of one that has gone, never one that answers. Throws `ControlStartError`.
 *
 * It is bound under its own name: what cleans folders for temporary files goes by the names that the kernel has for
 * sockets in use (proc_net_unix), and a rename does not change them.
 */
export async function bindUnixSocket(server: Server, path: string, group?: number): Promise<void> {
  await refuseAnother(path)
  rmSync(path, { force: true })
  try {
    await listenPrivately(server, path)
    if (group === undefined) return
    giveToGroup(path, group)
    chmodSync(path, 0o660)
  } catch (error) {
    server.close()
    throw error
  }
}

/** Node binds before `listen` returns, so there is no moment at which others could open the socket. */
async function listenPrivately(server: Server, path: string): Promise<void> {
  try {
    const mask = process.umask(0o177)
    try {
      server.listen({ path })
    } finally {
      process.umask(mask)
    }
    await once(server, 'listening')
  } catch (error) {
    // The kernel's way to say that a path has more than 107 bytes.
    const { code, message } = error as NodeJS.ErrnoException
    const cause = code === 'EINVAL' ? `the path ${path} is too long` : message
    throw new ControlStartError(`cannot listen on the Unix socket: ${cause}; see --runtime-dir`)
  }
}

async function refuseAnother(path: string): Promise<void> {
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (status === undefined) return
  if (!status.isSocket()) throw new ControlStartError(`${path} is not a socket: remove it, or see --runtime-dir`)
  const failure = await probe(path)
  if (failure !== 'ECONNREFUSED' && failure !== 'ENOENT') {
    throw new ControlStartError(`a proxyd runs already with ${path}: end it, or give this one another --runtime-dir`)
  }
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
