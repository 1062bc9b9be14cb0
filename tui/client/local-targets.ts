import { join } from 'node:path'
import { runtimeDirectory } from '../../shared/folders.ts'
import { cookieFileName, unixSocketName } from '../../shared/protocol/limits.ts'
import type { TcpTarget, UnixTarget } from './target.ts'

/** The management port of a daemon that was told nothing else. */
export const defaultPort = 8080

/**
 * Where this machine's daemon is if it was told nothing else, in the order to try: its Unix socket, then its TCP port
 * with the cookie. `directory` is its runtime directory.
 */
export function localTargets(
  directory: string = runtimeDirectory(process.env, process.getuid?.() ?? -1),
): [UnixTarget, TcpTarget] {
  return [
    { kind: 'unix', path: join(directory, unixSocketName) },
    { kind: 'tcp', host: '127.0.0.1', port: defaultPort, cookieFile: join(directory, cookieFileName) },
  ]
}
