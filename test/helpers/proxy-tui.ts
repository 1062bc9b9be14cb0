import { fileURLToPath } from 'node:url'
import type { Daemon } from './daemon.ts'
import { type Outcome, run } from './programs.ts'

/** The built proxy-tui. */
export const program = fileURLToPath(new URL('../../dist/proxy-tui.js', import.meta.url))

/** Run the built proxy-tui to its end. */
export function proxyTui(...args: readonly string[]): Promise<Outcome> {
  return run(process.execPath, [program, ...args])
}

/** Have the built proxy-tui carry out commands on a daemon. */
export function exec(daemon: Daemon, commands: string, ...args: readonly string[]): Promise<Outcome> {
  return proxyTui('--runtime-dir', daemon.folders.runtime, '--exec', commands, ...args)
}
