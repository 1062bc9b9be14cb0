import { randomUUID } from 'node:crypto'
import { closeSync, openSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRawAsset } from 'node:sea'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

/**
 * Stands for koffi in the single executable: its native part, without the script that looks for that among the packages. It can be
 * loaded from a file only: from one in TMPDIR that has lost its name before anything is in it.
 */
const key = 'koffi'
const known = getEnvironmentData(key)
const fd = typeof known === 'number' ? known : nameless()
try {
  process.dlopen(module, `/proc/self/fd/${fd}`)
} catch (error) {
  closeSync(fd)
  throw new Error(`${(error as Error).message}: may files be run that lie in ${tmpdir()}? TMPDIR names another folder`)
}
// It stays open: each thread that starts from now on loads it from there.
setEnvironmentData(key, fd)

function nameless(): number {
  const path = join(tmpdir(), `proxyd-${randomUUID()}`)
  const opened = openSync(path, 'wx+', 0o600)
  unlinkSync(path)
  try {
    // All of it, or an error: what is missing of a file is a SIGBUS for who has loaded it.
    writeFileSync(opened, new Uint8Array(getRawAsset(key)))
  } catch (error) {
    closeSync(opened)
    throw error
  }
  return opened
}
