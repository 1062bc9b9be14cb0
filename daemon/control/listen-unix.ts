import { once } from 'node:events'
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'
import { ensurePrivateDirectory } from './private-directory.ts'
import { ControlStartError } from './start-error.ts'

/**
 * Listens on a Unix socket of mode 0600 in a private folder: who can open it is let in. Replaces the socket of a daemon
 * that has gone, never one that answers. Throws `ControlStartError`.
 */
export async function listenOnUnix(path: string, server: Server): Promise<Server> {
  ensurePrivateDirectory(dirname(path))
  await clearPath(path)
  try {
    await once(server.listen({ path }), 'listening')
  } catch (error) {
    // The kernel's way to say that a path has more than 107 bytes.
    const { code, message } = error as NodeJS.ErrnoException
    const cause = code === 'EINVAL' ? `the path ${path} is too long` : message
    throw new ControlStartError(`cannot listen on the Unix socket: ${cause}; see --runtime-dir`)
  }
  chmodSync(path, 0o600)
  return server
}

async function clearPath(path: string): Promise<void> {
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (status === undefined) return
  if (!status.isSocket()) throw new ControlStartError(`${path} is not a socket: remove it, or see --runtime-dir`)
  const failure = await probe(path)
  if (failure === 'ECONNREFUSED') rmSync(path, { force: true })
  else if (failure !== 'ENOENT') {
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
