import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type ControlOptions, type ControlServer, startControlServer } from '../../daemon/control/server.ts'
import { cookieFileName } from '../../shared/protocol/limits.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { FakeBackend } from './fake-backend.ts'

export interface Control {
  readonly server: ControlServer
  readonly backend: FakeBackend
  readonly runtimeDirectory: string
  readonly cookieFile: string
  /** The TCP port, the same for all addresses. */
  readonly port: number
  /** What was logged. */
  readonly log: readonly string[]
}

/** A management server over a fake backend, on free ports of both families. It ends with the test at the latest. */
export async function startControl(options: Partial<ControlOptions> = {}): Promise<Control> {
  const runtimeDirectory = join(await temporaryFolder(), 'run')
  const backend = new FakeBackend()
  const log: string[] = []
  const note = (message: string) => void log.push(message)
  const server = await startControlServer({
    listen: [
      { address: '127.0.0.1', port: 0 },
      { address: '::1', port: 0 },
    ],
    runtimeDirectory,
    backend,
    instance: 'test',
    linger: 0,
    audited: { info: note },
    log: { info: note, warn: note, error: (error, message) => note(`${message}: ${error}`) },
    ...options,
  })
  onTestFinished(() => server.close())
  const directory = options.runtimeDirectory ?? runtimeDirectory
  return {
    server,
    backend,
    runtimeDirectory: directory,
    cookieFile: join(directory, cookieFileName),
    port: server.listening[0]?.port ?? 0,
    log,
  }
}
