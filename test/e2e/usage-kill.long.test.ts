import { describe, expect, it } from 'vitest'
import type { RawClient } from '../control/raw-client.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'

const password = 'gravel-tulip-93'

async function connect(daemon: Daemon, target: Target): Promise<{ client: Peer; server: Peer }> {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(greetingForLogin)
  await client.read(2)
  client.write(login('bob', password))
  expect(await client.readHex(2)).toBe('0100')
  client.write(request(target.host, target.port))
  await expectReply(client, succeeded)
  return { client, server: await target.next() }
}

async function used(operator: RawClient): Promise<number> {
  return (await operator.call('users.list')).result.users[0].use.used
}

describe.each(['portable', 'linux'])('%s engine: a daemon that is killed', (engine) => {
  it('knows of what was used all but the last round of storing, which is every ten seconds', async () => {
    const args = ['--engine', engine, '--workers', '2']
    const daemon = await startDaemon(args)
    const target = await startTarget()
    const operator = await operate(daemon)
    await operator.call('users.add', { name: 'bob', password })
    await operator.call('users.set', { names: ['bob'], fields: { quota: '1GB' } })
    const { client, server } = await connect(daemon, target)
    client.write(Buffer.alloc(60_000))
    await server.read(60_000)
    // This tells what is stored.
    await eventually(async () => {
      const { usage } = (await operator.call('usage.list', { by: 'user', user: 'bob' })).result
      expect(usage).toMatchObject([{ user: 'bob', up: 60_000 }])
    })
    client.write(Buffer.alloc(5_000))
    await server.read(5_000)
    await daemon.kill()

    const again = await operate(await startDaemon(args, { folders: daemon.folders }))
    const known = await used(again)
    expect(known).toBeGreaterThanOrEqual(60_000)
    expect(known).toBeLessThanOrEqual(65_000)
  })
})
