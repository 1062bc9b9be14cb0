import { once } from 'node:events'
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { ControlStartError } from '../start-error.ts'
import { removeIfSame } from './own-file.ts'
import { giveToGroup } from './private-directory.ts'

/**
 * Listens on a Unix socket of mode 0600, or of 0660 for `group`: who can open it is let in. The folder must be locked
 * for this daemon. Replaces the socket of one that has gone, never one that answers. Gives a function that ends
 * listening. Throws `ControlStartError`.
 */
export async function listenOnUnix(path: string, server: Server, group?: number): Promise<() => void> {
  await refuseAnother(path)
  // Nobody gets in here, so nobody connects before mode and group are right. The name is no longer than the real one.
  const hidden = join(dirname(path), '.new')
  rmSync(hidden, { recursive: true, force: true })
  mkdirSync(hidden, { mode: 0o700 })
  try {
    const draft = join(hidden, 's')
    await listen(server, draft)
    if (group !== undefined) giveToGroup(draft, group)
    chmodSync(draft, group === undefined ? 0o600 : 0o660)
    const { ino } = lstatSync(draft)
    renameSync(draft, path)
    return () => {
      removeIfSame(path, ino)
      server.close()
    }
  } catch (error) {
    server.close()
    throw error
  } finally {
    rmSync(hidden, { recursive: true, force: true })
  }
}

async function listen(server: Server, path: string): Promise<void> {
  try {
    await once(server.listen({ path }), 'listening')
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
