import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { noLimits } from '../../../daemon/access/accounts.ts'
import { openPostgresStore } from '../../../daemon/store/postgres/postgres-store.ts'
import { spawnDaemon, startDaemon } from '../../helpers/daemon.ts'
import { eventually } from '../../helpers/eventually.ts'
import { freePort } from '../../helpers/free-port.ts'
import { operate } from '../../helpers/operate.ts'
import { hasPostgres, placeOf, usePostgres } from '../../helpers/postgres.ts'
import { PostgresServer } from '../../helpers/postgres-server.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const bob = { name: 'bob', password: 'gravel-tulip-93' }

describe.skipIf(!hasPostgres)('a standby that streams from a primary server', () => {
  const primary = usePostgres()

  it('keeps a daemon from starting, in one line, until it is promoted; then that has all there was', async () => {
    const database = await primary.newDatabase()
    const first = await startDaemon(['--store', primary.place(database), '--node', 'a'])
    expect((await (await operate(first)).call('users.add', bob)).error).toBeUndefined()
    const standby = new PostgresServer(await temporaryFolder(), await freePort(), ['fsync=off', 'shared_buffers=16MB'])
    onTestFinished(() => standby.stop())
    standby.follow(primary)
    await standby.start()

    const store = ['--store', standby.place(database)]
    const refused = await (await spawnDaemon([...store, '--node', 'b'])).ended
    const standbyLine = `^proxyd: the store ${database} at .* takes no changes \\(it is a standby, or read-only\\): have --store name the primary server\\n$`
    expect(refused).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(standbyLine) })
    await primary.stop()
    standby.promote()
    const second = await operate(await startDaemon([...store, '--node', 'b']))
    expect((await second.call('users.list')).result.users).toMatchObject([{ name: 'bob' }])
    expect((await second.call('users.add', { ...bob, name: 'ann' })).error).toBeUndefined()
  })
})

describe.skipIf(!hasPostgres)('behind the name of a primary server', () => {
  const primary = usePostgres()

  it('a standby tells nobody what has long changed, and is the store once it is promoted', async () => {
    const database = await primary.newDatabase()
    const standby = new PostgresServer(await temporaryFolder(), await freePort(), ['fsync=off', 'shared_buffers=16MB'])
    onTestFinished(() => standby.stop())
    standby.follow(primary)
    await standby.start()
    let { port: to } = primary
    const name = createServer((socket) => {
      const upstream = connect(to, '127.0.0.1')
      for (const [one, other] of [
        [socket, upstream],
        [upstream, socket],
      ] as const)
        one
          .pipe(other)
          .once('close', () => one.destroy())
          .on('error', () => {})
    })
    onTestFinished(() => void name.close())
    await once(name.listen(0, '127.0.0.1'), 'listening')
    const { port } = name.address() as AddressInfo
    const place = placeOf(`postgres://proxyd@127.0.0.1:${port}/${database}`)
    const store = await openPostgresStore({ place, password: async () => 'secret', node: 'a' })
    onTestFinished(() => store.close())
    expect(await store.users.insert({ ...bob, enabled: true, created: 1, ...noLimits })).toBe(1)
    await eventually(async () => {
      const rows = await primary.sql(
        'postgres',
        'SELECT FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()',
      )
      expect(rows).toHaveLength(1)
    })
    to = standby.port
    await primary.stop()
    await eventually(() => expect(store.users.list()).rejects.toThrow('takes no changes (it is a standby'))
    standby.promote()
    await eventually(async () => expect(await store.users.list()).toMatchObject([{ name: 'bob' }]))
    expect(await store.users.insert({ ...bob, name: 'ann', enabled: true, created: 1, ...noLimits })).toBeGreaterThan(1)
  })
})
