import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startDaemon } from '../../helpers/daemon.ts'
import { startEcho } from '../../helpers/echo.ts'
import { eventually } from '../../helpers/eventually.ts'
import { Flow } from '../../helpers/flows.ts'
import { attemptLogin } from '../../helpers/login-attempt.ts'
import { operate } from '../../helpers/operate.ts'
import { hasPostgres, usePostgres } from '../../helpers/postgres.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

/** Whether a file system of ours can be mounted where nobody else sees it (mount_namespaces(7)). */
const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0
const bob = { name: 'bob', password: 'gravel-tulip-93' }
const noRoom = /^the store test_1 at .* has no room on its disk \(.*No space left on device\): make some there$/

describe.runIf(hasPostgres && canMount)('a PostgreSQL whose disk is full', () => {
  const server = usePostgres()

  it('says so in one line; users are served and kept out meanwhile, and what waits is stored once there is room', async () => {
    const disk = await temporaryFolder()
    const mount = `mount -t tmpfs -o size=32m,mode=0777 none ${disk} && exec "$@"`
    await server.shutDown()
    server.within = ['unshare', '--mount', 'sh', '-c', mount, 'sh']
    await server.start()
    const place = join(disk, 'tables')
    // As the server sees the disk: it runs in the same process that has mounted it.
    const seen = join(`/proc/${server.pid}/root`, disk)
    spawnSync('install', ['-d', '-o', '65534', '-m', '700', join(seen, 'tables')])
    await server.sql('postgres', `CREATE TABLESPACE small LOCATION '${place}'`)
    const database = await server.newDatabase('template_of_proxyd TABLESPACE small')

    const daemon = await startDaemon(['--store', server.place(database), '--node', 'a'])
    const admin = await operate(daemon)
    for (const name of ['bob', 'ann']) await admin.call('users.add', { ...bob, name })
    const clients = { ...bob, proxyPort: daemon.port('socks'), echoPort: await startEcho() }
    const answer = (name: string) => attemptLogin(clients.proxyPort, '127.0.0.1', name, bob.password).readHex(4)
    const flow = await Flow.begin(clients, 1, () => setTimeout(5))
    const ballast = join(seen, 'ballast')
    expect(() => writeFileSync(ballast, Buffer.alloc(40 * 1024 * 1024))).toThrow('ENOSPC')

    // What has been there before has some room left.
    let refused: { readonly message: string } | undefined
    for (let i = 0; i < 100 && refused === undefined; i++) {
      const { error } = await admin.call('users.add', { ...bob, name: `user${i}` })
      refused = error
    }
    expect(refused).toMatchObject({ message: expect.stringMatching(noRoom), data: { kind: 'unavailable' } })
    const disabled = (await admin.call('users.setEnabled', { name: 'ann', enabled: false })).result
    expect(disabled).toMatchObject({ stored: false })
    expect([await answer('ann'), await answer('bob')]).toEqual(['05020101', '05020100'])
    const { steps } = flow
    await eventually(() => expect(flow.steps).toBeGreaterThan(steps + 50))

    rmSync(ballast)
    await daemon.logs(/all changes are stored now/)
    expect((await admin.call('users.add', { ...bob, name: 'eve' })).error).toBeUndefined()
    const rows = await server.sql(
      database,
      "SELECT name, enabled FROM proxyd.users WHERE name IN ('ann', 'eve') ORDER BY 1",
    )
    expect(rows).toEqual([
      { name: 'ann', enabled: false },
      { name: 'eve', enabled: true },
    ])
    await flow.stop()
    expect((await daemon.stop()).status).toBe(0)
  })
})
