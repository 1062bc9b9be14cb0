import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { usageCells } from '../../daemon/store/store.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { startEcho } from '../helpers/echo.ts'
import { eventually } from '../helpers/eventually.ts'
import { enter } from '../helpers/flows.ts'
import { operate } from '../helpers/operate.ts'
import { hasPostgres, usePostgres } from '../helpers/postgres.ts'

const bob = { name: 'bob', password: 'gravel-tulip-93' }
const usage = 'SELECT up, down FROM proxyd.usage'
const hours = 'SELECT sum(up)::bigint AS up, sum(connections)::bigint AS connections FROM proxyd.usage_hours'

describe.skipIf(!hasPostgres)('a daemon that is killed while its store is away', () => {
  const server = usePostgres()

  it('leaves what its users moved to the next one, which stores it once', async () => {
    const database = await server.newDatabase()
    const args = ['--store', server.place(database), '--node', 'a']
    const daemon = await startDaemon(args)
    await (await operate(daemon)).call('users.add', bob)
    const client = await enter({ proxyPort: daemon.port('socks'), echoPort: await startEcho(), ...bob })
    const move = async (bytes: number) => {
      client.write(Buffer.alloc(bytes))
      await client.read(bytes)
    }
    await move(1_000)
    await eventually(async () => expect(await server.sql(database, usage)).toEqual([{ up: 1_000, down: 1_000 }]))
    const spool = join(daemon.folders.state, 'usage-of-a.spool')
    const copy = `${spool}.copy`
    await server.stop()
    try {
      await move(20_000)
      await eventually(() => expect(spooledIn(spool)).toBe(20_000))
      // It is behind the batch that the store may have.
      await move(300_000)
      await eventually(() => expect(spooledIn(spool)).toBe(320_000))
      await daemon.kill()
    } finally {
      await server.start()
    }
    copyFileSync(spool, copy)
    for (let start = 0; start < 2; start++) {
      const again = await startDaemon(args, { folders: daemon.folders })
      expect(existsSync(spool)).toBe(false)
      expect(await server.sql(database, usage)).toEqual([{ up: 321_000, down: 321_000 }])
      expect(await server.sql(database, hours)).toMatchObject([{ up: 321_000 }])
      await again.kill()
      // As one leaves it that ends before it can remove it.
      copyFileSync(copy, spool)
    }
  }, 120_000)

  it('does not count twice what was stored before it could say so', async () => {
    const database = await server.newDatabase()
    const args = ['--store', server.place(database), '--node', 'a']
    const daemon = await startDaemon(args)
    await (await operate(daemon)).call('users.add', bob)
    const client = await enter({ proxyPort: daemon.port('socks'), echoPort: await startEcho(), ...bob })
    const spool = join(daemon.folders.state, 'usage-of-a.spool')
    const copy = `${spool}.copy`
    await server.stop()
    try {
      client.write(Buffer.alloc(20_000))
      await client.read(20_000)
      await eventually(() => expect(spooledIn(spool)).toBe(20_000))
      copyFileSync(spool, copy)
    } finally {
      await server.start()
    }
    client.write(Buffer.alloc(5_000))
    await client.read(5_000)
    await eventually(async () => expect(await server.sql(database, usage)).toEqual([{ up: 25_000, down: 25_000 }]))
    await daemon.kill()
    copyFileSync(copy, spool)
    await startDaemon(args, { folders: daemon.folders })
    expect(await server.sql(database, usage)).toEqual([{ up: 25_000, down: 25_000 }])
  }, 120_000)
})

/** Bytes from clients. */
function spooledIn(file: string): number {
  if (!existsSync(file)) return 0
  const batches = readFileSync(file, 'utf8').trimEnd().split('\n').slice(2)
  return batches.map((line) => JSON.parse(line).rows[usageCells.moreUp]).reduce((sum, up) => sum + up, 0)
}
