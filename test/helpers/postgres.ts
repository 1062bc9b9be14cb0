import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, inject } from 'vitest'
import { freePort } from './free-port.ts'
import { hasPostgres, PostgresServer } from './postgres-server.ts'
import { temporaryFolder } from './temporary-folder.ts'

export { hasPostgres, placeOf } from './postgres-server.ts'

if (!hasPostgres) console.warn('SKIPPED: tests that need postgresql, which this machine lacks')

/** What keeps data safe takes time, and what is kept here is gone in a minute. */
const quick = ['fsync=off', 'full_page_writes=off', 'autovacuum=off', 'shared_buffers=16MB']

/** For all tests of a file, or of a `describe`; one that takes clients at once. */
export function usePostgres(): PostgresServer {
  const server = new PostgresServer('', 0, quick)
  const ends: (() => Promise<void>)[] = []
  beforeAll(async () => {
    const folder = await temporaryFolder((end) => ends.push(end))
    Object.assign(server, { folder, port: await freePort() })
    server.prepare(await prepared())
    await server.start()
  })
  afterAll(async () => {
    await server.stop()
    for (const end of ends) await end()
  })
  return server
}

/** The folder of one that has ended, with an empty store in it: whoever comes first in this run of the tests makes it, which takes seconds. */
async function prepared(): Promise<string> {
  const folder = join(inject('runFolder'), 'postgres')
  const unlock = await lock(`${folder}.lock`)
  try {
    if (existsSync(folder)) return folder
    // One that fails leaves nothing for others to take.
    const making = `${folder}-${process.pid}`
    mkdirSync(making)
    const server = new PostgresServer(making, await freePort(), quick)
    server.prepare()
    await server.start()
    try {
      await server.makeTemplate()
    } finally {
      await server.shutDown()
    }
    renameSync(making, folder)
    return folder
  } finally {
    unlock()
  }
}

/** Resolves once nobody else has it; it is given back at the end of this process at the latest. */
async function lock(file: string): Promise<() => void> {
  const holder = spawn('flock', [file, 'sh', '-c', 'echo; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  return () => void holder.stdin.end()
}
