import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { noLimits } from '../../../daemon/access/accounts.ts'
import { Connections } from '../../../daemon/store/postgres/connections.ts'
import { openPostgresStore } from '../../../daemon/store/postgres/postgres-store.ts'
import type { Store } from '../../../daemon/store/store.ts'
import { makeCertificate } from '../../helpers/certificate.ts'
import { eventually } from '../../helpers/eventually.ts'
import { hasPostgres, placeOf, usePostgres } from '../../helpers/postgres.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const bob = { name: 'bob', password: '$scrypt$bob', enabled: true, created: 1, ...noLimits }

describe.skipIf(!hasPostgres)('a PostgreSQL that has a bad day', () => {
  const server = usePostgres()

  async function open(place: string): Promise<Store> {
    const store = await openPostgresStore({ place: placeOf(place), password: async () => 'secret', node: 'a' })
    onTestFinished(() => store.close())
    return store
  }

  /** A way to it that may go nowhere: then nobody is told. The first bytes of whoever has come by it. */
  async function wayTo() {
    const firsts: string[] = []
    /** A connection goes nowhere any more from a message of the client on that has this in it. */
    const way = { isOpen: true, firsts, port: 0, lastWord: undefined as string | undefined }
    const relay = createServer((socket) => {
      socket.on('error', () => {}).once('data', (bytes: Buffer) => firsts.push(bytes.toString('hex', 0, 8)))
      const there = connect(server.port, '127.0.0.1').on('error', () => {})
      onTestFinished(() => void [socket, there].map((end) => end.destroy()))
      let isOver = false
      socket.on('data', (bytes: Buffer) => {
        isOver ||= way.lastWord !== undefined && bytes.includes(way.lastWord)
      })
      for (const [from, to] of [
        [socket, there],
        [there, socket],
      ] as const)
        from
          .on('data', (bytes: Buffer) => way.isOpen && !isOver && to.write(bytes))
          .once('close', () => way.isOpen && !isOver && to.destroy())
    })
    await once(relay.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void relay.close())
    return Object.assign(way, { port: (relay.address() as AddressInfo).port })
  }

  it('is waited for once, on however many connections, when all that is sent to it is lost', async () => {
    const way = await wayTo()
    const store = await open(`postgres://proxyd@127.0.0.1:${way.port}/${await server.newDatabase()}`)
    await Promise.all([1, 2, 3].map(() => store.users.list()))
    way.isOpen = false
    await expect(store.users.list()).rejects.toThrow(/no answer/)
    // Not over those that may be as dead.
    const { length } = way.firsts
    await expect(store.users.list()).rejects.toThrow(/no answer/)
    const startups = way.firsts.slice(length).filter((first) => first.endsWith('00030000'))
    expect(startups).toHaveLength(1)
    way.isOpen = true
    await eventually(async () => expect(await store.users.list()).toEqual([]))
  })

  it('is told of at once while it is away, and used again when it is back', async () => {
    const store = await open(server.place(await server.newDatabase()))
    await Promise.all([1, 2, 3].map(() => store.users.list()))
    await store.users.insert(bob)
    const changes: unknown[] = []
    onTestFinished(store.watch((_, error) => changes.push(error)))
    await server.stop()
    const away = { problem: 'away', message: expect.stringMatching(/the store test_\d+ at .*: see to the server/) }
    await expect(store.users.list()).rejects.toMatchObject(away)
    await expect(store.users.remove(1)).rejects.toMatchObject(away)
    expect(changes).toEqual([expect.objectContaining(away)])
    await server.start()
    await eventually(async () => expect(await store.users.list()).toHaveLength(1))
    await store.users.remove(1)
    expect(await store.users.list()).toEqual([])
  })

  it('is not noticed when it was away while nobody asked', async () => {
    const store = await open(server.place(await server.newDatabase()))
    await Promise.all([1, 2, 3, 4].map(() => store.users.list()))
    await server.stop()
    await server.start()
    expect(await store.users.insert(bob)).toBe(1)
    expect(await store.users.list()).toHaveLength(1)
  })

  it('keeps the connection of what is refused, and none of what fails in the middle', async () => {
    const database = await server.newDatabase()
    const store = await open(server.place(database))
    await store.rules.load()
    const rules = { revision: 1, text: '', ids: [], nextId: 1 }
    const pids = () =>
      server.sql<{ pid: number }>('postgres', `SELECT pid FROM pg_stat_activity WHERE datname = '${database}'`)
    await server.sql(database, "INSERT INTO proxyd.rules VALUES (true, 7, 'b', '', '[]', 1)")
    // PostgreSQL is a while about the end of the connection that has just said this.
    const before = await eventually(async () => {
      const all = await pids()
      expect(all).toHaveLength(1)
      return all
    })
    await expect(store.rules.save(rules)).rejects.toMatchObject({ kind: 'conflict', details: { revision: 7 } })
    expect(await pids()).toEqual(before)
    // Nothing of a change stays that another part of it fails after.
    await server.sql(database, 'ALTER TABLE proxyd.change RENAME TO gone')
    await expect(store.users.insert(bob)).rejects.toMatchObject({
      problem: 'corrupt',
      message: expect.stringMatching(
        / lacks part of what proxyd keeps there \(.*proxyd\.change.*\): restore a backup$/,
      ),
    })
    await server.sql(database, 'ALTER TABLE proxyd.gone RENAME TO change')
    expect(await store.users.list()).toEqual([])
  })

  it('is not asked anything more over a connection on which it does not say that a change is taken back', async () => {
    const way = await wayTo()
    const database = await server.newDatabase()
    const store = await open(`postgres://proxyd@127.0.0.1:${way.port}/${database}`)
    await store.rules.load()
    await server.sql(database, "INSERT INTO proxyd.rules VALUES (true, 7, 'b', '', '[]', 1)")
    way.lastWord = 'ROLLBACK'
    const rules = { revision: 1, text: '', ids: [], nextId: 1 }
    await expect(store.rules.save(rules)).rejects.toMatchObject({ kind: 'conflict' })
    expect(await store.users.list()).toEqual([])
  })

  it('is too slow while somebody keeps its tables locked, whoever gives up first, and is asked at once behind that', async () => {
    const database = await server.newDatabase()
    const store = await open(server.place(database))
    const other = await Connections.open(placeOf(server.place(database)), async () => 'secret')
    onTestFinished(() => other.close())
    const whileLocked = <Result>(work: () => Promise<Result>) =>
      other.change([], async (ask) => {
        await ask('LOCK TABLE proxyd.users')
        return work()
      })
    const refused = await whileLocked(async () => {
      const waiting = Array.from({ length: 4 }, () => store.users.list())
      await expect(store.groups.list()).rejects.toMatchObject({
        problem: 'away',
        message: expect.stringMatching(/ is too slow \(4 questions at once .*\): see to what keeps the server busy$/),
      })
      return waiting
    })
    expect(await store.groups.list()).toEqual([])
    expect(await Promise.all(refused)).toEqual([[], [], [], []])
    await server.sql('postgres', `ALTER DATABASE ${database} SET lock_timeout = '100ms'`)
    const hasty = await open(server.place(database))
    await whileLocked(() =>
      expect(hasty.users.insert(bob)).rejects.toMatchObject({
        problem: 'away',
        message: expect.stringMatching(/ is too slow \(.* lock timeout\): see to who keeps its tables locked$/),
      }),
    )
  })

  it('takes no changes once it is a standby, which is told in words', async () => {
    const database = await server.newDatabase()
    const store = await open(server.place(database))
    await server.sql('postgres', `ALTER DATABASE ${database} SET default_transaction_read_only = on`)
    await server.sql('postgres', `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`)
    const standby = { problem: 'away', message: expect.stringContaining('takes no changes') }
    await expect(store.users.insert(bob)).rejects.toMatchObject(standby)
    expect(await store.users.list()).toEqual([])
    await expect(open(server.place(database))).rejects.toMatchObject(standby)
  })

  it('is reached anew once it takes no changes: behind its name another server may be the primary one by then', async () => {
    const database = await server.newDatabase()
    const store = await open(server.place(database))
    const pids = () =>
      server.sql<{ pid: number }>('postgres', `SELECT pid FROM pg_stat_activity WHERE datname = '${database}'`)
    const switchTo = async (value: string) => {
      await server.sql('postgres', `ALTER SYSTEM SET default_transaction_read_only = ${value}`)
      await server.sql('postgres', 'SELECT pg_reload_conf()')
    }
    await store.users.list()
    const before = await pids()
    await switchTo('on')
    await eventually(() => expect(store.users.insert(bob)).rejects.toThrow('takes no changes'))
    await switchTo('off')
    await eventually(async () => {
      await store.users.list()
      const after = await pids()
      expect(before.filter(({ pid }) => after.some((other) => other.pid === pid))).toEqual([])
    })
  })

  it('lets nobody in who may not do it, which is told in words', async () => {
    const database = await server.newDatabase()
    await server.sql('postgres', "CREATE ROLE stranger LOGIN PASSWORD 'secret'")
    await expect(open(server.place(database).replace('proxyd@', 'stranger@'))).rejects.toMatchObject({
      problem: 'failed',
      message: expect.stringContaining('have stranger own the schema'),
    })
    const grant = (rights: string) => server.sql(database, `GRANT ${rights} IN SCHEMA proxyd TO stranger`)
    await server.sql(database, 'GRANT USAGE ON SCHEMA proxyd TO stranger')
    await grant('SELECT ON ALL TABLES')
    await expect(open(server.place(database).replace('proxyd@', 'stranger@'))).rejects.toMatchObject({
      problem: 'failed',
      message: expect.stringContaining('lets stranger only look: have stranger own the schema'),
    })
    await grant('INSERT, UPDATE, DELETE ON ALL TABLES')
    const store = await open(server.place(database).replace('proxyd@', 'stranger@'))
    expect(await store.users.insert(bob)).toBe(1)
  })

  it('is asked over TLS, if its certificate is that of its name and an authority that is trusted', async () => {
    const database = await server.newDatabase()
    const { cert, key } = makeCertificate('127.0.0.1')
    const ca = join(await temporaryFolder(), 'ca.pem')
    writeFileSync(ca, cert)
    await server.stop()
    await server.start('ssl=on', ...server.certificate({ cert, key }))
    const at = (host: string, rest: string) => `postgres://proxyd@${host}:${server.port}/${database}?${rest}`
    const store = await open(at('127.0.0.1', `sslrootcert=${ca}`))
    expect(await store.users.list()).toEqual([])
    const secured = await server.sql(
      'postgres',
      `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
      WHERE datname = '${database}'`,
    )
    expect(secured).toEqual([{ ssl: true }])
    const untrusted = { problem: 'failed', message: expect.stringMatching(/certificate .* is not trusted/) }
    await expect(open(at('127.0.0.1', 'sslmode=verify-full'))).rejects.toMatchObject(untrusted)
    await expect(open(at('localhost', `sslrootcert=${ca}`))).rejects.toThrow(/certificate .* is for another name/)
    await expect(open(at('127.0.0.1', 'sslrootcert=/nowhere.pem'))).rejects.toThrow('cannot read /nowhere.pem')
    await open(at('127.0.0.1', 'sslmode=disable'))

    // It becomes one of another authority, and the file with that is put in place of the old one.
    const renewed = makeCertificate('127.0.0.1')
    server.certificate(renewed)
    await server.sql('postgres', 'SELECT pg_reload_conf()')
    await eventually(async () => {
      await server.sql(
        'postgres',
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`,
      )
      await expect(store.users.list()).rejects.toMatchObject(untrusted)
    })
    writeFileSync(ca, renewed.cert)
    await eventually(async () => expect(await store.users.list()).toEqual([]))
  })

  it('does not go on with what nobody waits for any more, while somebody else keeps a table locked, and is told so over TLS alone', async () => {
    const database = await server.newDatabase()
    const way = await wayTo()
    const { cert, key } = makeCertificate('127.0.0.1')
    const ca = join(await temporaryFolder(), 'ca.pem')
    writeFileSync(ca, cert)
    await server.stop()
    await server.start('ssl=on', ...server.certificate({ cert, key }))
    const store = await open(`postgres://proxyd@127.0.0.1:${way.port}/${database}?sslrootcert=${ca}`)
    const other = await Connections.open(placeOf(server.place(database)), async () => 'secret')
    onTestFinished(() => other.close())
    const isAsked = Promise.withResolvers<void>()
    const locked = other.change([], async (ask) => {
      await ask('LOCK TABLE proxyd.nodes')
      const asked = store.fleet?.nodes().catch((error: Error) => error.message)
      isAsked.resolve()
      for (let waits = true; waits; )
        waits = (await Promise.race([asked, ask('SELECT pg_sleep(1)').then(() => undefined)])) === undefined
      const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
      await eventually(async () => expect(await ask(waiting)).toEqual([]))
      return asked
    })
    await isAsked.promise
    expect(await locked).toMatch(/no answer/)
    // SSLRequest (PostgreSQL, Message Formats).
    expect(new Set(way.firsts)).toEqual(new Set(['0000000804d2162f']))
  })
})
