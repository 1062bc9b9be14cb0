import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { type Daemon, type DaemonOptions, startDaemon, temporaryFolders } from './daemon.ts'
import { startEcho } from './echo.ts'
import type { Clients } from './flows.ts'
import { operate } from './operate.ts'
import { temporaryFolder } from './temporary-folder.ts'

export const program = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))
/** The user that clients log in as. */
export const bob = { name: 'bob', password: 'gravel-tulip-93' }

export interface Upgradable {
  readonly daemon: Daemon
  readonly clients: Clients
  /** Writes the configuration that the next successor reads. */
  configure(text: string): void
}

/** A daemon whose successors end with the test, and an echo behind it. */
export async function startUpgradable(
  text: string,
  args: readonly string[] = [],
  { program: file = program, ...options }: Pick<DaemonOptions, 'program' | 'env' | 'within'> = {},
): Promise<Upgradable> {
  const folders = await temporaryFolders()
  const config = join(await temporaryFolder(), 'proxyd.toml')
  const configure = (lines: string) => writeFileSync(config, lines, { mode: 0o600 })
  configure(text)
  const daemon = await startDaemon(['--config', config, ...args], { folders, program: file, ...options })
  // All of them write to what the first one was given.
  onTestFinished(async () => {
    for (const [, pid] of daemon.stderr.matchAll(/generation \d+, pid (\d+)/g)) endForSure(Number(pid))
    await daemon.kill()
  })
  await (await operate(daemon)).call('users.add', bob)
  const clients = { ...bob, proxyPort: daemon.port('socks'), echoPort: await startEcho() }
  return { daemon, clients, configure }
}

/** Of a process that no `Daemon` knows. */
export function endForSure(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

export async function status(daemon: Daemon) {
  const client = await operate(daemon)
  const { result } = await client.call('status.get')
  client.socket.destroy()
  return result
}
