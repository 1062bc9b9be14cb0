import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Connections } from '../../daemon/store/postgres/connections.ts'
import { type Identity, makeCertificate } from '../helpers/certificate.ts'
import { type Daemon, spawnDaemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { attemptLogin } from '../helpers/login-attempt.ts'
import { operate } from '../helpers/operate.ts'
import { hasPostgres, placeOf, usePostgres } from '../helpers/postgres.ts'
import { findProgram } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

process.env.PATH += ':/usr/sbin'
const pgbouncer = findProgram('pgbouncer')
const bob = { name: 'bob', password: 'gravel-tulip-93' }
const good = '05020100'
const bad = '05020101'

/** It does not run as root. */
const nobody = 65_534
const asSomebody = process.getuid?.() === 0 ? [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : []

describe.runIf(hasPostgres && pgbouncer)('nodes with pgbouncer before their store', () => {
  const server = usePostgres()

  /** A file of its own that the pooler may read. */
  function fileIn(folder: string, name: string, text: string): string {
    const file = join(folder, name)
    writeFileSync(file, text, { mode: 0o600 })
    if (asSomebody.length > 0) chownSync(file, nobody, nobody)
    return file
  }

  /** One that asks for passwords as PostgreSQL does, and for TLS, and has both of the server. */
  function secured(folder: string, { cert, key }: Identity): string[] {
    const files = { cert: fileIn(folder, 'cert.pem', cert), key: fileIn(folder, 'key.pem', key) }
    const users = fileIn(folder, 'users', '"proxyd" "secret"\n')
    return [
      ...['auth_type = scram-sha-256', `auth_file = ${users}`],
      ...['client_tls_sslmode = require', `client_tls_cert_file = ${files.cert}`, `client_tls_key_file = ${files.key}`],
      ...['server_tls_sslmode = verify-full', `server_tls_ca_file = ${files.cert}`],
    ]
  }

  /** Resolves once it takes clients, to its port: fewer connections to the server than a node may have. */
  async function startPooler(
    folder: string,
    database: string,
    security: readonly string[],
    mode = 'transaction',
  ): Promise<number> {
    const port = await freePort()
    const settings = [
      '[databases]',
      `* = ${database}`,
      '[pgbouncer]',
      ...['listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir =', ...security],
      ...[`pool_mode = ${mode}`, 'default_pool_size = 3', 'max_client_conn = 100'],
    ]
    const file = fileIn(folder, 'pgbouncer.ini', `${settings.join('\n')}\n`)
    chmodSync(folder, 0o755)
    const pooler = spawn('setpriv', [...asSomebody, '--pdeathsig=KILL', pgbouncer as string, file], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    onTestFinished(async () => {
      const exit = once(pooler, 'exit')
      if (pooler.exitCode === null && pooler.kill('SIGKILL')) await exit
    })
    let said = ''
    await new Promise<void>((resolve, reject) => {
      pooler.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('process up')) resolve()
      })
      pooler.once('exit', () => reject(new Error(`pgbouncer does not start: ${said}`)))
    })
    return port
  }

  const answer = (daemon: Daemon, name: string) =>
    attemptLogin(daemon.port('socks'), '127.0.0.1', name, bob.password).readHex(4)

  it('start, see what is changed on each other, and keep within its few connections', async () => {
    await server.sql('postgres', 'CREATE DATABASE pooled')
    const behind = `host=${server.folder} port=${server.port} user=proxyd`
    const port = await startPooler(await temporaryFolder(), behind, ['auth_type = any'])
    const store = ['--store', `postgres://proxyd@127.0.0.1:${port}/pooled?sslmode=disable`]
    expect(await (await spawnDaemon([...store, '--migrate'])).ended).toMatchObject({ status: 0, stderr: '' })
    const nodes = await Promise.all(['a', 'b', 'c'].map((node) => startDaemon([...store, '--node', node])))
    const [a, b] = nodes as [Daemon, Daemon, Daemon]
    const [here, there] = [await operate(a), await operate(b)]
    const names = Array.from({ length: 8 }, (_, i) => `user${i}`)
    const added = await Promise.all(names.map(async (name) => (await operate(a)).call('users.add', { ...bob, name })))
    expect(added.map(({ error }) => error)).toEqual(names.map(() => undefined))
    for (const node of nodes)
      for (const name of names) await eventually(async () => expect(await answer(node, name)).toBe(good))
    expect((await there.call('users.setEnabled', { name: 'user3', enabled: false })).result).toMatchObject({
      stored: true,
    })
    await eventually(async () => expect(await answer(a, 'user3')).toBe(bad))
    expect((await here.call('rules.apply', { text: 'deny to a.example\n' })).error).toBeUndefined()
    await eventually(async () =>
      expect((await there.call('rules.list', { text: true })).result.text).toBe('deny to a.example\n'),
    )
    const [pooled] = await server.sql<{ count: number }>(
      'postgres',
      "SELECT count(*) FROM pg_stat_activity WHERE datname = 'pooled'",
    )
    expect(pooled?.count).toBeLessThanOrEqual(3)
    for (const node of nodes) expect(node.stderr).not.toMatch(/"level":"(warn|error)"/)
  })

  it('tell at their start of one in the mode statement, which takes no transactions', async () => {
    const behind = `host=${server.folder} port=${server.port} user=proxyd`
    const port = await startPooler(await temporaryFolder(), behind, ['auth_type = any'], 'statement')
    const place = `postgres://proxyd@127.0.0.1:${port}/${await server.newDatabase()}?sslmode=disable`
    for (const more of [[], ['--migrate']]) {
      const { status, stderr } = await (await spawnDaemon(['--store', place, ...more])).ended
      expect([status, stderr]).toEqual([
        1,
        expect.stringMatching(/ takes no transactions \(.*\): have that say pool_mode = transaction\n$/),
      ])
    }
  })

  it('want four connections each of one in the mode session, are told so, and start once there are some', async () => {
    const behind = `host=${server.folder} port=${server.port} user=proxyd`
    const port = await startPooler(await temporaryFolder(), behind, ['auth_type = any'], 'session')
    const place = `postgres://proxyd@127.0.0.1:${port}/${await server.newDatabase()}?sslmode=disable`
    const others = await Promise.all([1, 2, 3].map(() => Connections.open(placeOf(place), async () => '')))
    onTestFinished(async () => void (await Promise.all(others.map((other) => other.close()))))
    for (const other of others) await other.ask('SELECT')
    const { status, stderr } = await (await spawnDaemon(['--store', place])).ended
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(
        / lets proxyd in, and does not answer: .* pooler .* pool_mode = transaction, or 4 connections/,
      ),
    ])
    await others[0]?.close()
    const daemon = await startDaemon(['--store', place])
    expect((await (await operate(daemon)).call('users.add', bob)).error).toBeUndefined()
  })

  it('log in to it by SCRAM over TLS, as it does to the server, and are told in words what keeps them from it', async () => {
    const database = await server.newDatabase()
    const [folder, identity] = [await temporaryFolder(), makeCertificate('127.0.0.1')]
    await server.stop()
    await server.start('ssl=on', ...server.certificate(identity))
    const port = await startPooler(folder, `host=127.0.0.1 port=${server.port}`, secured(folder, identity))
    const own = await temporaryFolder()
    const written = (name: string, text: string) => {
      writeFileSync(join(own, name), text, { mode: 0o600 })
      return join(own, name)
    }
    const ca = written('ca.pem', identity.cert)
    const at = (rest: string) => `postgres://proxyd@127.0.0.1:${port}/${database}?${rest}`
    const args = (node: string, password: string) => {
      return [
        '--store',
        at(`sslrootcert=${ca}`),
        '--store-password-file',
        written(`of-${node}`, password),
        '--node',
        node,
      ]
    }
    const [a, b] = await Promise.all(
      ['a', 'b'].map((node) => startDaemon(args(node, 'secret'))) as [Promise<Daemon>, Promise<Daemon>],
    )
    const [here, there] = [await operate(a), await operate(b)]
    expect((await here.call('users.add', bob)).error).toBeUndefined()
    await eventually(async () => expect(await answer(b, bob.name)).toBe(good))
    await there.call('users.setEnabled', { name: bob.name, enabled: false })
    await eventually(async () => expect(await answer(a, bob.name)).toBe(bad))
    for (const node of [a, b]) expect(node.stderr).not.toMatch(/"level":"(warn|error)"/)

    const { status, stderr } = await (await spawnDaemon(args('c', 'wrong'))).ended
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^proxyd: the store .* does not let proxyd in \(.*\): see to --store-password-file.*\n$/),
    ])
    const problem = async (place: string, password = 'secret') => {
      const connections = await Connections.open(placeOf(place), async () => password)
      onTestFinished(() => connections.close())
      return connections.ask('SELECT 1').then(
        () => 'none',
        ({ message }: Error) => message,
      )
    }
    expect(await problem(at(`sslrootcert=${ca}`))).toBe('none')
    expect(await problem(at(`sslrootcert=${ca}`), '')).toMatch(
      / wants a password: put it into a file, and name that with/,
    )
    expect(await problem(at('sslmode=disable'))).toMatch(
      / takes nobody without TLS .*: say sslmode=verify-full in --store/,
    )
    expect(await problem(at(`sslrootcert=${written('other.pem', makeCertificate('127.0.0.1').cert)}`))).toMatch(
      /^the certificate of .* is not trusted \(self-signed certificate\): name the certificate of its authority with sslrootcert=FILE/,
    )
    expect(await problem(at(`sslrootcert=${ca}`).replace('127.0.0.1', 'localhost'))).toMatch(
      /^the certificate of .* is for another name \(.*\): have --store name the host by one that it has, or get it one with that name$/,
    )
    expect(await problem(at(`sslrootcert=${ca}`).replace(database, 'nowhere'))).toMatch(
      / has no database nowhere: create it/,
    )
    // What nobody waits for any more is given up behind it, too.
    const [asker, holder] = await Promise.all(
      [at(`sslrootcert=${ca}`), server.place(database)].map((place) => {
        return Connections.open(placeOf(place), async () => 'secret')
      }),
    )
    onTestFinished(async () => void (await Promise.all([asker, holder].map((each) => each?.close()))))
    await holder?.change([], async (ask) => {
      await ask('LOCK TABLE proxyd.nodes')
      const asked = asker?.ask('SELECT name FROM proxyd.nodes WHERE false').catch(({ message }: Error) => message)
      const waiting = "SELECT FROM pg_stat_activity WHERE query LIKE '%nodes WHERE false' AND wait_event_type = 'Lock'"
      await eventually(async () => expect(await server.sql(database, waiting)).toHaveLength(1))
      for (let waits = true; waits; )
        waits = (await Promise.race([asked, ask('SELECT pg_sleep(1)').then(() => undefined)])) === undefined
      await eventually(async () => expect(await server.sql(database, waiting)).toEqual([]))
    })
    const other = await temporaryFolder()
    const wanting = [
      ...secured(other, identity),
      'client_tls_sslmode = verify-full',
      `client_tls_ca_file = ${join(other, 'cert.pem')}`,
    ]
    const shut = await startPooler(other, `host=127.0.0.1 port=${server.port}`, wanting)
    expect(await problem(at(`sslrootcert=${ca}`).replace(`${port}`, `${shut}`))).toMatch(
      / wants a certificate of its clients, and proxyd has none: have it ask for passwords alone$/,
    )
  })
})
