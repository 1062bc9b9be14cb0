import { describe, expect, it, onTestFinished } from 'vitest'
import { spawnDaemon, startDaemon } from '../../helpers/daemon.ts'
import { freePort } from '../../helpers/free-port.ts'
import { operate } from '../../helpers/operate.ts'
import { hasPostgres, usePostgres } from '../../helpers/postgres.ts'
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
    await standby.sql('postgres', 'SELECT pg_promote()')
    const second = await operate(await startDaemon([...store, '--node', 'b']))
    expect((await second.call('users.list')).result.users).toMatchObject([{ name: 'bob' }])
    expect((await second.call('users.add', { ...bob, name: 'ann' })).error).toBeUndefined()
  })
})
