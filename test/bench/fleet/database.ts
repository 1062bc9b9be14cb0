import { readFileSync } from 'node:fs'
import { noLimits } from '../../../daemon/access/accounts.ts'
import {
  deriveKey,
  formatPasswordHash,
  keyBytes,
  saltBytes,
  scryptParameters,
} from '../../../daemon/access/password-hash.ts'
import { freePort } from '../../helpers/free-port.ts'
import { PostgresServer } from '../../helpers/postgres-server.ts'
import { ownFolder } from '../belongings.ts'
import { cpuSeconds } from '../process-cost.ts'

/** The PostgreSQL that is measured, and the users in it. */

/** As Debian has it, but for some memory, and connections for what is simulated. */
const settings = ['shared_buffers=256MB', 'max_connections=200']
const ticksPerSecond = 100

export const password = 'a long enough password'

/** Users `quick1` to `quick<quickUsers>`, whose passwords cost nothing to check: what else a login takes, theirs show. */
const quickUsers = 1_000

/** What users of the bench have as their password, hashed as proxyd does, or so that it costs nothing. */
export async function passwordHash(isQuick: boolean): Promise<string> {
  const salt = new Uint8Array(saltBytes)
  const hash = { ...scryptParameters, ...(isQuick && { cost: 1, blockSize: 1 }), salt }
  return formatPasswordHash({ ...hash, key: await deriveKey(Buffer.from(password), hash, keyBytes) })
}

export async function startDatabase(): Promise<PostgresServer> {
  const server = new PostgresServer(ownFolder(), await freePort(), settings)
  server.prepare()
  await server.start()
  await server.makeTemplate()
  return server
}

/** Has users `user1` to `user<count>` there, and quick ones, as an import would; resolves to the database. */
export async function fill(server: PostgresServer, count: number): Promise<string> {
  const database = await server.newDatabase()
  const { limits, revision } = noLimits
  const add = (name: string, password: string, many: number) =>
    server.sql(
      database,
      `INSERT INTO proxyd.users (name, password, enabled, created, limits, grouping, revision)
      SELECT '${name}' || i, '${password}', true, ${Date.now()}, '${JSON.stringify(limits)}', 'default', ${revision}
      FROM generate_series(1, ${many}) AS i`,
    )
  await add('user', await passwordHash(false), count)
  await add('quick', await passwordHash(true), quickUsers)
  // As autovacuum does within a minute.
  await server.sql(database, 'VACUUM ANALYZE proxyd.users')
  return database
}

/** CPU seconds of the server since it started, of what has ended in it too. */
export function databaseSeconds({ pid = 0 }: PostgresServer): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // cutime and cstime (proc(5)), behind the name in parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return cpuSeconds(pid) + (Number(fields[13]) + Number(fields[14])) / ticksPerSecond
}

/** Bytes that the server has written to its log ahead of its tables. */
export async function loggedBytes(server: PostgresServer): Promise<number> {
  const [row] = await server.sql<{ bytes: string }>('postgres', "SELECT pg_current_wal_lsn() - '0/0' AS bytes")
  return Number(row?.bytes)
}
