import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { noLimits } from '../../daemon/access/accounts.ts'
import { formatPasswordHash } from '../../daemon/access/password-hash.ts'
import { Passwords } from '../../daemon/access/passwords.ts'
import type { RawClient } from '../control/raw-client.ts'
import { type Daemon, spawnDaemon, startDaemon } from '../helpers/daemon.ts'
import { startEcho } from '../helpers/echo.ts'
import { eventually } from '../helpers/eventually.ts'
import { type Clients, enter, Flow } from '../helpers/flows.ts'
import { attemptLogin } from '../helpers/login-attempt.ts'
import { operate, set } from '../helpers/operate.ts'
import { Peer } from '../helpers/peer.ts'
import { hasPostgres, usePostgres } from '../helpers/postgres.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { shared } from '../helpers/shared.ts'
import { greeting } from '../helpers/socks-client.ts'

/** More than a node has in memory from the start. */
const users = 60_000
const password = 'gravel-tulip-93'
/** Greeting and login (RFC 1929) as they are answered. */
const good = '05020100'
const bad = '05020101'

describe.skipIf(!hasPostgres)('a store with more users than a node has in memory', () => {
  const server = usePostgres()

  const fleet = shared(async (atEnd) => {
    const database = await server.newDatabase()
    const hash = formatPasswordHash(await new Passwords().hash(password))
    await server.sql(
      database,
      `INSERT INTO proxyd.users (name, password, enabled, created, limits, grouping, revision)
      SELECT 'user' || i, '${hash}', true, 1, '${JSON.stringify(noLimits.limits)}', 'default', 0
      FROM generate_series(1, ${users}) AS i`,
    )
    const store = ['--store', server.place(database)]
    const start = (node: string, ...more: string[]) => startDaemon([...store, '--node', node, ...more], { atEnd })
    const a = await start('a', '--trusted-from', '127.0.0.9=user900,127.0.0.10=guest')
    return { database, store, a, b: await start('b') }
  })

  const clientsOf = async (daemon: Daemon, name: string): Promise<Clients> => {
    return { proxyPort: daemon.port('socks'), echoPort: await startEcho(), name, password }
  }
  const answerTo = async (daemon: Daemon, name: string, word = password) => {
    const client = attemptLogin(daemon.port('socks'), '127.0.0.1', name, word)
    return client.readHex(4)
  }
  const methodFor = async (daemon: Daemon, localAddress: string) => {
    const client = new Peer(connect({ port: daemon.port('socks'), host: '127.0.0.1', localAddress }))
    client.write(greeting)
    return client.readHex(2)
  }
  const enabledIn = async (database: string, name: string) =>
    server.sql<{ enabled: boolean }>(database, `SELECT enabled FROM proxyd.users WHERE name = '${name}'`)
  const namesIn = async (client: RawClient) =>
    (await client.call('users.list')).result.users.map(({ name }: { name: string }) => name)

  it('is not read at a start, which knows how many there are', async () => {
    const { a, b, store } = await fleet()
    const operator = await operate(b)
    expect((await operator.call('status.get')).result.users).toBe(users)
    expect(await namesIn(operator)).toEqual([])
    expect(a.stderr).toMatch(/users: 60000/)
    const { status, stdout } = await (await spawnDaemon([...store, '--check'])).ended
    expect(stdout).toMatch(/users: 60000/)
    expect(status).toBe(0)
  })

  it('lets in who has the right password, and nobody else', async () => {
    const { b } = await fleet()
    const flow = await Flow.begin(await clientsOf(b, 'user17'), 1, () => setTimeout(10))
    await flow.stop()
    expect(await answerTo(b, 'user17')).toBe(good)
    expect(await answerTo(b, 'user18', 'wrong')).toBe(bad)
    expect(await answerTo(b, `user${users + 1}`)).toBe(bad)
    expect(await namesIn(await operate(b))).toEqual(['user17', 'user18'])
  })

  it('is changed by one node, and the others act by it, on who is there and on who comes', async () => {
    const { a, b } = await fleet()
    const here = await enter(await clientsOf(a, 'user21'))
    const there = await operate(b)
    for (const name of ['user21', 'user22'])
      expect((await there.call('users.setEnabled', { name, enabled: false })).result).toMatchObject({ stored: true })
    expect(await here.ending).toBe('ECONNRESET')
    for (const name of ['user21', 'user22']) expect(await answerTo(a, name)).toBe(bad)
    await there.call('users.setEnabled', { name: 'user22', enabled: true })
    await eventually(async () => expect(await answerTo(a, 'user22')).toBe(good))
  })

  it('takes commands about users who are not in memory', async () => {
    const { a, database } = await fleet()
    const done = await exec(
      a,
      'users set user31 quota=1GB; disable user32; cut user:user33; usage user34; passwd user35',
    )
    expect(done).toMatchObject({ status: 0, stderr: '' })
    expect(await enabledIn(database, 'user32')).toEqual([{ enabled: false }])
    const [row] = await server.sql<{ limits: string }>(
      database,
      "SELECT limits FROM proxyd.users WHERE name = 'user31'",
    )
    expect(JSON.parse(row?.limits ?? '')).toEqual({ quota: 1e9 })
    expect(await exec(a, 'disable nobody')).toMatchObject({ status: 1 })
  })

  it('has groups whose members are counted there', async () => {
    const { a, b } = await fleet()
    expect(
      await exec(a, 'groups add staff max-connections=5; users set user41 group=staff; users set user42 group=staff'),
    ).toMatchObject({
      status: 0,
    })
    const operator = await operate(b)
    await eventually(async () => {
      const { groups } = (await operator.call('groups.list')).result
      const members = groups.map((group: { name: string; members: number }) => [group.name, group.members])
      expect(new Map(members)).toEqual(
        new Map([
          ['default', users - 2],
          ['staff', 2],
        ]),
      )
    })
  })

  it('is not looked through, nor exported, and that is said', async () => {
    const { a } = await fleet()
    const looked = await exec(a, "users set --where 'name:user5' max-connections=1")
    expect(looked.stderr).toMatch(/too many users to be looked through: name them/)
    const exported = await exec(a, 'export')
    expect(exported.stderr).toMatch(/too many users for an export: .*pg_dump/)
  })

  it('has users as whom others come without a login, from the start on, by a setting, and when another node adds them', async () => {
    const { a, b } = await fleet()
    expect(await methodFor(a, '127.0.0.9')).toBe('0500')
    const [here, there] = [await operate(a), await operate(b)]
    const { connections } = (await here.call('connections.list', {})).result
    expect(connections).toContainEqual(expect.objectContaining({ user: 'user900' }))
    expect(await methodFor(a, '127.0.0.10')).toBe('05ff')
    await there.call('users.add', { name: 'guest', password })
    await eventually(async () => expect(await methodFor(a, '127.0.0.10')).toBe('0500'))

    expect(await methodFor(b, '127.0.0.11')).toBe('05ff')
    const { warnings } = await set(there, { 'trusted-from': ['127.0.0.11=user901'] })
    expect(warnings).toEqual(['clients from 127.0.0.11 need no password (trusted-from), and count as user901'])
    expect(await methodFor(b, '127.0.0.11')).toBe('0500')
    await set(there, { 'trusted-from': [] })
  })

  it('has rules about users who come later, and tests and trials of them', async () => {
    const { a, b } = await fleet()
    const [here, there] = [await operate(a), await operate(b)]
    const text = 'deny user:user51 to 127.0.0.1\ntest user:user51 127.0.0.1:80 = deny\n'
    const { result, error } = await here.call('rules.apply', { text })
    expect(error).toBeUndefined()
    expect(result.warnings).toEqual([])
    await eventually(async () => expect((await there.call('rules.list', { text: true })).result.text).toBe(text))
    const trial = { user: 'user52', host: '127.0.0.1', port: 80 }
    expect((await there.call('rules.test', trial)).result).toMatchObject({ allowed: true })
    for (const daemon of [a, b]) {
      await expect(enter(await clientsOf(daemon, 'user51'))).rejects.toThrow()
      await enter(await clientsOf(daemon, 'user53'))
    }
    expect((await here.call('rules.apply', { text: '' })).error).toBeUndefined()
  })

  it('keeps the proxy shut when the last user who is in memory goes', async () => {
    const { store } = await fleet()
    const alone = await startDaemon([...store, '--node', 'c'])
    expect(await answerTo(alone, 'user61')).toBe(good)
    const operator = await operate(alone)
    expect(await namesIn(operator)).toEqual(['user61'])
    expect((await operator.call('users.remove', { name: 'user61' })).result).toMatchObject({ opened: false })
    expect(await methodFor(alone, '127.0.0.1')).toBe('05ff')
    expect(await answerTo(alone, 'user62')).toBe(good)
  })
})
