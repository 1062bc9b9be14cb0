import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from './temporary-folder.ts'

/** Whether this process may give others a view of the file system of their own (mount_namespaces(7)). */
export const canMount = spawnSync('unshare', ['-m', 'true']).status === 0

/** A command that starts another one, given behind it, which finds these texts in files that are there. */
export async function withFiles(texts: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = await temporaryFolder()
  const places = Object.keys(texts)
  await Promise.all(places.map((place, i) => writeFile(join(folder, `${i}`), texts[place] ?? '')))
  const mounts = places.map((place, i) => `mount --bind ${join(folder, `${i}`)} ${place} && `)
  return ['unshare', '-m', 'sh', '-c', `${mounts.join('')}exec "$@"`, 'sh']
}
