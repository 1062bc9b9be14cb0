import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { family } from './process-cost.ts'

/** The processes and folders of a run: however it ends, Ctrl-C too, they end with it. */

const children = new Set<ChildProcess>()
const folders = new Set<string>()

/** See to it that this process, and its children, end with the run. */
export function own<Child extends ChildProcess>(child: Child): Child {
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** A new folder for temporary files. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'proxyd-bench-'))
  folders.add(folder)
  return folder
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  folders.delete(folder)
}

/** Send a signal to those of these processes that are left. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** From now on an interrupted run ends with the shell's status for that signal. */
export function endAllWithUs(): void {
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
  process.once('SIGHUP', () => process.exit(129))
  process.on('exit', () => {
    for (const { pid } of children) if (pid !== undefined) signal(family(pid).toReversed(), 'SIGKILL')
    for (const folder of folders) removeFolder(folder)
  })
}
