import { spawnSync } from 'node:child_process'
import type { Daemon } from './daemon.ts'

/**
 * Whether the disk of a running daemon takes nothing, as when it is full, or all again. Only Linux can change the limits of
 * a process that runs.
 */
export function fillDisk({ pid }: Daemon, isFull = true): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', `${pid}`, `--fsize=${isFull ? 0 : 'unlimited'}:unlimited`])
  if (status !== 0) throw new Error(`prlimit: ${stderr}`)
}
