import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Daemon, spawnDaemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { attemptLogin } from '../helpers/login-attempt.ts'
import { operate } from '../helpers/operate.ts'
import { hasPostgres, usePostgres } from '../helpers/postgres.ts'
import { findProgram } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

process.env.PATH += ':/usr/sbin'
const pgbouncer = findProgram('pgbouncer')
const bob = { name: 'bob', password: 'gravel-tulip-93' }
const good = '05020100'
const bad = '05020101'

describe.runIf(hasPostgres && pgbouncer)('nodes with pgbouncer before their store, in the mode transaction', () => {
  const server = usePostgres()

  /** Resolves once it takes clients, to its port: fewer connections to the server than a node may have. */
  async function startPooler(): Promise<number> {
    const [folder, port] = [await temporaryFolder(), await freePort()]
    const file = join(folder, 'pgbouncer.ini')
    const settings = [
      '[databases]',
      `* = host=${server.folder} port=${server.port} user=proxyd`,
      '[pgbouncer]',
      ...['listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir =', 'auth_type = any'],
      ...['pool_mode = transaction', 'default_pool_size = 3', 'max_client_conn = 100'],
    ]
    writeFileSync(file, `${settings.join('\n')}\n`)
    chmodSync(folder, 0o755)
    // It does not run as root.
    const asSomebody = process.getuid?.() === 0 ? ['--reuid=65534', '--regid=65534', '--clear-groups'] : []
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

  it('start, see what is changed on each other, and keep within its few connections', async () => {
    await server.sql('postgres', 'CREATE DATABASE pooled')
    const store = ['--store', `postgres://proxyd@127.0.0.1:${await startPooler()}/pooled?sslmode=disable`]
    expect(await (await spawnDaemon([...store, '--migrate'])).ended).toMatchObject({ status: 0, stderr: '' })
    const nodes = await Promise.all(['a', 'b', 'c'].map((node) => startDaemon([...store, '--node', node])))
    const [a, b] = nodes as [Daemon, Daemon, Daemon]
    const [here, there] = [await operate(a), await operate(b)]
    const names = Array.from({ length: 8 }, (_, i) => `user${i}`)
    const added = await Promise.all(names.map(async (name) => (await operate(a)).call('users.add', { ...bob, name })))
    expect(added.map(({ error }) => error)).toEqual(names.map(() => undefined))
    const answer = (daemon: Daemon, name: string) =>
      attemptLogin(daemon.port('socks'), '127.0.0.1', name, bob.password).readHex(4)
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
})
