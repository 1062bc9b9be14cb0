import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { startEcho } from '../helpers/echo.ts'
import { enter } from '../helpers/flows.ts'
import { operate } from '../helpers/operate.ts'
import { hasPostgres, usePostgres } from '../helpers/postgres.ts'

const bob = { name: 'bob', password: 'gravel-tulip-93' }

describe.skipIf(!hasPostgres)('usage in a store that is away', () => {
  const server = usePostgres()

  it('outlasts a daemon that ends meanwhile, and is stored once by the next one', async () => {
    const database = await server.newDatabase()
    const args = ['--store', server.place(database), '--node', 'a']
    const daemon = await startDaemon(args)
    await (await operate(daemon)).call('users.add', bob)
    const client = await enter({ proxyPort: daemon.port('socks'), echoPort: await startEcho(), ...bob })
    client.write(Buffer.alloc(40_000))
    await client.read(40_000)
    const spool = join(daemon.folders.state, 'usage-of-a.spool')
    await server.stop()
    try {
      client.socket.destroy()
      await daemon.stop()
      expect(existsSync(spool)).toBe(true)
    } finally {
      await server.start()
    }
    const again = await startDaemon(args, { folders: daemon.folders })
    expect(again.stderr).toContain('is stored now')
    expect(existsSync(spool)).toBe(false)
    const used = 'SELECT up, down FROM proxyd.usage'
    expect(await server.sql(database, used)).toEqual([{ up: 40_000, down: 40_000 }])
    await again.stop()
    expect(await server.sql(database, used)).toEqual([{ up: 40_000, down: 40_000 }])
  })
})
