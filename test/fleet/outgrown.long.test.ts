import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { formatPasswordHash } from '../../daemon/access/password-hash.ts'
import { cpuSeconds } from '../bench/process-cost.ts'
import type { RawClient } from '../control/raw-client.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { startEcho } from '../helpers/echo.ts'
import { eventually } from '../helpers/eventually.ts'
import { enter } from '../helpers/flows.ts'
import { attemptLogin } from '../helpers/login-attempt.ts'
import { operate, set } from '../helpers/operate.ts'
import { Peer } from '../helpers/peer.ts'
import { hasPostgres, usePostgres } from '../helpers/postgres.ts'
import { QuickPasswords } from '../helpers/quick-passwords.ts'
import { expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'

/** As many users as a node reads at its start, and as many as fit into its memory. */
const fromStart = 50_000
const most = 65_535
const password = 'gravel-tulip-93'
/** Greeting and login (RFC 1929) as they are answered. */
const good = '05020100'
const bad = '05020101'

describe.skipIf(!hasPostgres)('a node with all users in memory, of whom there come to be more than fit', () => {
  const server = usePostgres()

  async function sayHello(client: Peer): Promise<void> {
    client.write('hello')
    expect(await client.readText(5)).toBe('hello')
    client.finish()
    expect(await client.discard()).toBe('FIN')
  }

  /** Resolves once it is stored that this is what the user has moved, which it is every ten seconds. */
  async function moved(operator: RawClient, user: string, bytes: number, connections: number): Promise<void> {
    const busiest = async () => (await operator.call('usage.list', { by: 'user', limit: 1 })).result.usage
    await expect.poll(busiest, { interval: 250 }).toEqual([{ user, up: bytes, down: bytes, connections }])
  }

  it('lets in all of them, takes more, and sends away who has been idle longest, of whom nothing is lost', async () => {
    const database = await server.newDatabase()
    const hash = formatPasswordHash(await new QuickPasswords().hash(password))
    const fill = (first: number, last: number) =>
      server.sql(
        database,
        `INSERT INTO proxyd.users (name, password, enabled, created, limits, grouping, revision)
        SELECT 'user' || i, '${hash}', true, 1, '{}', 'default', 0 FROM generate_series(${first}, ${last}) AS i`,
      )
    await fill(1, fromStart)
    const store = ['--store', server.place(database), '--node']
    // Who may come without a login stays.
    const others = Array.from({ length: 63 }, (_, i) => `10.0.0.${i}=user${10 + i}`)
    const a = await startDaemon([...store, 'a', '--trusted-from', ['127.0.0.9=user1', ...others].join()])
    const operator = await operate(a)
    const clients = { proxyPort: a.port('socks'), echoPort: await startEcho(), name: 'user1', password }
    const answerTo = (name: string, word = password) =>
      attemptLogin(clients.proxyPort, '127.0.0.1', name, word).readHex(4)

    const trusted = new Peer(connect({ port: clients.proxyPort, host: '127.0.0.1', localAddress: '127.0.0.9' }))
    trusted.write(greeting)
    await trusted.read(2)
    trusted.write(request('127.0.0.1', clients.echoPort))
    await expectReply(trusted, succeeded)
    await sayHello(trusted)
    await moved(operator, 'user1', 5, 1)
    await set(operator, { 'trusted-from': others })

    // As a node does that adds very many at once.
    await fill(fromStart + 1, most)
    await server.sql(
      database,
      "INSERT INTO proxyd.change (seq, kind, key, node) SELECT max(seq) + 1, 'user', '', 'b' FROM proxyd.change",
    )
    const users = async () => (await operator.call('status.get')).result.users
    await eventually(async () => expect(await users()).toBe(most))
    expect(await answerTo(`user${most}`)).toBe(good)
    expect(a.stderr).not.toMatch(/more users than fit/)

    const b = await startDaemon([...store, 'b'])
    expect((await (await operate(b)).call('users.add', { name: 'late', password })).error).toBeUndefined()
    await a.logs(/"level":"warn".*there are more users than fit in memory: from now on those are there who come/)
    await eventually(async () => expect(await users()).toBe(most + 1))
    const before = cpuSeconds(a.pid)
    expect((await operator.call('users.add', { name: 'more', password })).error).toBeUndefined()
    expect(cpuSeconds(a.pid) - before).toBeLessThan(3)
    for (const name of ['late', 'more', `user${most}`]) {
      expect(await answerTo(name)).toBe(good)
      expect(await answerTo(name, 'wrong')).toBe(bad)
    }
    expect(await answerTo('nobody')).toBe(bad)
    expect(await users()).toBe(most + 2)

    const present = (await operator.call('users.list', { limit: 500 })).result.users
    const names = new Set(present.map(({ name }: { name: string }) => name))
    expect(['user1', 'user10', 'user11', 'user100'].map((name) => names.has(name))).toEqual([false, true, true, false])
    await sayHello(await enter(clients))
    await moved(operator, 'user1', 10, 2)
    expect(await server.sql(database, 'SELECT sum(up)::int8 AS up, sum(down)::int8 AS down FROM proxyd.usage')).toEqual(
      [{ up: 10, down: 10 }],
    )
  })
})
