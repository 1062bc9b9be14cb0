import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { cookieFileName, unixSocketName } from '../shared/protocol/limits.ts'
import { AccessError } from './access/access-error.ts'
import type { Configuration } from './configuration.ts'
import { ControlListenError, ControlStartError } from './control/start-error.ts'
import { startDataPlane } from './data-plane.ts'
import { ListenError } from './engine/engine.ts'
import { EngineUnavailable } from './engine/start.ts'
import { Failure } from './failure.ts'
import { listenFailure } from './listening.ts'
import { type Listening, startManagement } from './management.ts'
import { StoreError } from './store/store.ts'

/** All of proxyd at work. */
export interface Daemon {
  readonly listening: Listening
  /** Refuses new clients; resolves when the last one has ended. */
  drain(): Promise<void>
  /** Ends every connection and gives everything back. */
  close(): Promise<void>
  /** Removes the files by which clients find the daemon, for an end that cannot wait for `close`. */
  vanish(): void
}

/** Starts every part of proxyd. Throws a `Failure` if one cannot, and then nothing stays behind. */
export async function startDaemon(configuration: Configuration, version: string, log: Logger): Promise<Daemon> {
  const runtimeDirectory = configuration.values['runtime-dir']
  let isDraining = false
  await using parts = new AsyncDisposableStack()
  try {
    const dataPlane = await startDataPlane(configuration, parts, (message) => log.warn(message))
    const options = { configuration, dataPlane, version, isDraining: () => isDraining, log }
    const listening = await startManagement(options, parts)
    const started = parts.move()
    const { kind, tables } = dataPlane.engine
    log.info(`proxyd ${version} serves: ${kind} engine, loops: ${tables.length}, users: ${dataPlane.accounts.size}`)
    return {
      listening,
      drain() {
        isDraining = true
        return dataPlane.engine.drain()
      },
      close: () => started.disposeAsync(),
      vanish() {
        for (const name of [cookieFileName, unixSocketName]) rmSync(join(runtimeDirectory, name), { force: true })
      },
    }
  } catch (error) {
    throw asFailure(error)
  }
}

function asFailure(error: unknown): unknown {
  if (error instanceof ListenError) return listenFailure('socks', error.endpoint, error.code)
  if (error instanceof ControlListenError) return listenFailure('control', error.endpoint, error.code)
  if (error instanceof EngineUnavailable) {
    return new Failure(1, `${error.message}: npm install koffi if it is missing, or choose --engine portable`)
  }
  const refusals = [AccessError, ControlStartError, StoreError]
  return refusals.some((refusal) => error instanceof refusal) ? new Failure(1, (error as Error).message) : error
}
