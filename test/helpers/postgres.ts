import { afterAll, beforeAll } from 'vitest'
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
    server.prepare()
    await server.start()
    await server.makeTemplate()
  })
  afterAll(async () => {
    await server.stop()
    for (const end of ends) await end()
  })
  return server
}
