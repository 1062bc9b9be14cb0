import { existsSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { Flow } from '../helpers/flows.ts'
import { attemptLogin } from '../helpers/login-attempt.ts'
import { operate } from '../helpers/operate.ts'
import { hasPostgres, usePostgres } from '../helpers/postgres.ts'
import { bob, endForSure, startUpgradable, status } from '../helpers/upgradable.ts'

describe.skipIf(!hasPostgres)('a daemon whose store others share', () => {
  const server = usePostgres()

  test('is upgraded as any other is, counts all once, and goes on where the successor cannot or crashes', async () => {
    const database = await server.newDatabase()
    const lines = `store = "${server.place(database)}"\nnode = "a"\n`
    const { daemon, clients, configure } = await startUpgradable(`${lines}workers = 1\n`)
    const flow = await Flow.begin(clients, 1, () => setTimeout(20))
    const goesOn = () => {
      const before = flow.steps
      return eventually(() => expect(flow.steps).toBeGreaterThan(before + 1))
    }
    const upgrade = async () => (await operate(daemon)).call('daemon.upgrade')
    const add = async (name: string) => (await operate(daemon)).call('users.add', { name, password: bob.password })

    configure(`${lines.replace(database, 'nowhere')}workers = 1\n`)
    expect((await upgrade()).error?.message).toMatch(/the successor does not start: .* has no database nowhere/)
    expect((await add('ann')).error).toBeUndefined()
    await goesOn()

    configure(`${lines}workers = 2\n`)
    for (const generation of [2, 3]) {
      expect((await upgrade()).result).toMatchObject({ generation })
      expect((await add(`user${generation}`)).error).toBeUndefined()
      await goesOn()
    }
    expect(await status(daemon)).toMatchObject({ generation: 3, users: 4 })

    const [, crashed] = [...daemon.stderr.matchAll(/generation 3, pid (\d+)/g)].at(-1) ?? []
    const { bytes } = flow
    endForSure(Number(crashed))
    await goesOn()
    await flow.stop()
    await eventually(async () => {
      const rows = await server.sql<{ up: number }>(
        database,
        "SELECT up FROM proxyd.usage JOIN proxyd.users ON id = user_id WHERE name = 'bob'",
      )
      // All but what the successor had heard of and had not stored yet.
      expect(rows[0]?.up).toBeGreaterThanOrEqual(flow.bytes - bytes - 1000)
      expect(rows[0]?.up).toBeLessThanOrEqual(flow.bytes)
    })
  }, 300_000)

  test('serves those it knows while the server stands still, and tells of it', async () => {
    const database = await server.newDatabase()
    const daemon = await startDaemon(['--store', server.place(database)])
    const client = await operate(daemon)
    await client.call('users.add', { name: 'bob', password: bob.password })
    const login = async () => {
      const peer = attemptLogin(daemon.port('socks'), '127.0.0.1', 'bob', bob.password)
      const answer = await peer.readHex(4)
      peer.socket.destroy()
      return answer
    }
    expect(await login()).toBe('05020100')
    const pids = [server.pid ?? 0, ...childrenOf(server.pid ?? 0)]
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    try {
      const refused = client.call('users.add', { name: 'ann', password: 'gravel-tulip-93' })
      for (const end = Date.now() + 30_000; Date.now() < end; await setTimeout(500))
        expect(await login()).toBe('05020100')
      expect((await refused).error?.message).toMatch(/cannot reach the store|does not answer/)
      const late = await client.call('users.setEnabled', { name: 'bob', enabled: false })
      expect(late.result).toMatchObject({ stored: false })
      expect((await client.call('status.get')).result.health).toMatchObject({
        store: { problem: expect.any(String), waiting: ['user "bob"'] },
        fleet: { problem: expect.any(String) },
      })
    } finally {
      for (const pid of pids) if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGCONT')
    }
    await eventually(async () => {
      const { health } = (await client.call('status.get')).result
      expect(health).toMatchObject({ store: { problem: null, waiting: [] }, fleet: { problem: null, gone: 0 } })
    })
  }, 300_000)
})

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
}
