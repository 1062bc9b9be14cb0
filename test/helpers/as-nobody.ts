import { spawnSync } from 'node:child_process'
import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Folders } from './daemon.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A user without processes, for the kernel counts all of a user's, and lets root have all (getrlimit(2)). */
const nobody = 60_000 + (process.pid % 5_000)
const program = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))

/** A command that starts another one, given behind it, as nobody, who may have so many threads. */
export function asNobody(threads: number): string[] {
  return ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', 'prlimit', `--nproc=${threads}`]
}

/** Whether that can be done here, and nobody may read the built program. */
export function canBeNobody(): boolean {
  const [command = '', ...args] = [...asNobody(100), process.execPath, program, '--version']
  return spawnSync(command, args).status === 0
}

/** Folders that are nobody's. */
export async function foldersOfNobody(): Promise<Folders> {
  const folder = await temporaryFolder()
  const folders = { state: join(folder, 'state'), runtime: join(folder, 'run') }
  for (const place of Object.values(folders)) mkdirSync(place, { mode: 0o700 })
  for (const place of [folder, ...Object.values(folders)]) chownSync(place, nobody, nobody)
  return folders
}
