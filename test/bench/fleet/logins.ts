import { once } from 'node:events'
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { noLimits } from '../../../daemon/access/accounts.ts'
import { openStore } from '../../../daemon/store/open-store.ts'
import { Connections } from '../../../daemon/store/postgres/connections.ts'
import { postgresUsers } from '../../../daemon/store/postgres/users.ts'
import type { PostgresServer } from '../../helpers/postgres-server.ts'
import { placeOf } from '../../helpers/postgres-server.ts'
import { ownFolder, removeFolder } from '../belongings.ts'
import { memoryKiB } from '../process-cost.ts'
import { proxyd, type Running, start } from '../servers.ts'
import { median, percentile } from '../statistics.ts'
import { password, passwordHash } from './database.ts'

/** What a node costs whose store has very many users, and how long their logins take. */

/** Logins of each kind, one behind the other. */
const logins = 250
const withScrypt = 20

/** Milliseconds. */
export interface Times {
  readonly median: number
  readonly p99: number
}

export interface NodeFigures {
  /** From the start of the process until it listens, and KiB of memory. */
  readonly start: number
  readonly memory: number
  /** The first login of each, of whom most take no scrypt; who has logged in before; a name that nobody has. */
  readonly quick: Times
  readonly first: Times
  readonly again: Times
  readonly unknown: Times
}

/** A node whose store that is, and what became of logins there. */
export async function measureNode(store: readonly string[]): Promise<NodeFigures> {
  const began = performance.now()
  const running = await start(proxyd(1, '--auth', 'required', ...store), false)
  const took = performance.now() - began
  const memory = memoryKiB(running.pid)
  const quickNames = namesOf('quick', 1)
  const quick = await each(quickNames, (name) => login(running, name, true))
  const again = await each(quickNames, (name) => login(running, name, true))
  const names = namesOf('user', 1).slice(0, withScrypt)
  const first = await each(names, (name) => login(running, name, true))
  const unknown = await each(names, (name) => login(running, `no-${name}`, false))
  await running.stop()
  return { start: took, memory, quick, first, again, unknown }
}

/** The same with users in the store of the node itself, all of whom are in memory. */
export async function measureEmbedded(): Promise<NodeFigures> {
  const folder = ownFolder()
  const store = await openStore(folder)
  const added = await Promise.all(
    [...namesOf('quick', 1), ...namesOf('user', 1)].map(async (name) => {
      const password = await passwordHash(name.startsWith('quick'))
      return { name, password, enabled: true, created: 0, ...noLimits }
    }),
  )
  await store.imports.save({ groups: [], added, logins: [], limits: [] })
  await store.close()
  const figures = await measureNode(['--state-dir', folder])
  removeFolder(folder)
  return figures
}

/** How long the store itself takes to tell of a user who is asked for by name. */
export async function roundTrip(server: PostgresServer, database: string): Promise<Times> {
  const connections = await Connections.open(placeOf(server.place(database)), async () => '')
  const users = postgresUsers(connections, 'bench')
  await users.named('user1')
  const names = namesOf('quick', 2)
  const times = await each(names, async (name) => {
    const began = performance.now()
    await users.named(name)
    return performance.now() - began
  })
  await connections.close()
  return times
}

function namesOf(kind: string, from: number): string[] {
  return Array.from({ length: logins }, (_, i) => `${kind}${from + 3 * i}`)
}

async function each(names: readonly string[], time: (name: string) => Promise<number>): Promise<Times> {
  const took: number[] = []
  for (const name of names) took.push(await time(name))
  return { median: median(took), p99: percentile(took, 0.99) }
}

/** Milliseconds from the login (RFC 1929) to its answer, which is to be that one. */
async function login({ port }: Running, name: string, isGood: boolean): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  try {
    await once(socket, 'connect')
    socket.write(Uint8Array.of(5, 1, 2))
    await once(socket, 'data')
    const [user, secret] = [Buffer.from(name), Buffer.from(password)]
    const began = performance.now()
    socket.write(Buffer.concat([Uint8Array.of(1, user.length), user, Uint8Array.of(secret.length), secret]))
    const [answer] = await once(socket, 'data')
    const took = performance.now() - began
    if ((answer[1] === 0) !== isGood) throw new Error(`the login of ${name} was answered with ${answer[1]}`)
    return took
  } finally {
    socket.destroy()
  }
}
