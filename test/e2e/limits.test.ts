import { describe, expect, test } from 'vitest'
import type { User } from '../../shared/protocol/methods.ts'
import type { RawClient } from '../control/raw-client.ts'
import { type Daemon, sharedDaemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate, set } from '../helpers/operate.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { expectRefusal, expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'

/** Connection not allowed by ruleset (RFC 1928, section 6). */
const notAllowed = '02'

/** A user of one test, logged in, who asks for the target. */
async function ask({ daemon, target, user }: Scene, from?: string): Promise<Peer> {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'), from)
  client.write(greetingForLogin)
  await client.read(2)
  client.write(login(user, password))
  expect(await client.readHex(2)).toBe('0100')
  client.write(request(target.host, target.port))
  return client
}

async function connected(scene: Scene, from?: string): Promise<{ client: Peer; server: Peer }> {
  const client = await ask(scene, from)
  await expectReply(client, succeeded)
  return { client, server: await scene.target.next() }
}

async function shown({ operator, user }: Scene): Promise<User> {
  const { users } = (await operator.call('users.list')).result
  return users.find(({ name }: User) => name === user)
}

async function limit({ operator, user }: Scene, fields: object): Promise<void> {
  expect((await operator.call('users.set', { names: [user], fields })).error).toBeUndefined()
}

async function lastReason({ operator, user }: Scene): Promise<string> {
  const { connections } = (await operator.call('connections.closed')).result
  return connections.find((row: { user: string }) => row.user === user)?.reason
}

const password = 'hunter2'

interface Scene {
  readonly daemon: Daemon
  readonly operator: RawClient
  readonly target: Target
  readonly user: string
}

describe.each(mostTelling)('with the %s engine', (engine) => {
  const args = ['--engine', engine, '--timeout-drain', '0']
  const daemons = sharedDaemon([...args, '--workers', '2'])

  /** A user of this daemon. */
  async function start(user: string, daemon?: Daemon): Promise<Scene> {
    const on = daemon ?? (await daemons())
    const [operator, target] = [await operate(on), await startTarget()]
    await operator.call('users.add', { name: user, password })
    return { daemon: on, operator, target, user }
  }

  test('a quota that is used up cuts, and what was moved up to a clean end is kept', async () => {
    const daemon = await startDaemon(args)
    const bob = await start('bob', daemon)
    await limit(bob, { quota: '100kB' })
    const { client, server } = await connected(bob)
    client.write(Buffer.alloc(60_000))
    await server.read(60_000)
    await eventually(async () => expect((await shown(bob)).use).toMatchObject({ used: 60_000, ended: null }))
    server.write(Buffer.alloc(60_000))
    await Promise.all([client.discard(), server.discard()])
    await eventually(async () => expect(await lastReason(bob)).toBe('quota'))
    await expectRefusal(await ask(bob), notAllowed)
    await eventually(async () => expect((await shown(bob)).use.ended).toBe('quota'))
    const { used } = (await shown(bob)).use

    const carol = await start('carol', daemon)
    await limit(carol, { quota: '1GB' })
    const live = await connected(carol)
    live.client.write(Buffer.alloc(50_000))
    await live.server.read(50_000)
    await daemon.stop()

    const again = await startDaemon(args, { folders: daemon.folders })
    const back = { ...bob, daemon: again, operator: await operate(again) }
    expect((await shown({ ...back, user: 'carol' })).use.used).toBe(50_000)
    expect((await shown(back)).use).toMatchObject({ used, ended: 'quota' })
    await expectRefusal(await ask(back), notAllowed)
    expect(await exec(again, 'users reset-quota bob')).toMatchObject({
      status: 0,
      stdout: 'the quota of bob begins anew\n',
    })
    await connected(back)
  })

  test('an expiry ends live connections and keeps out, until there is a later one', async () => {
    const scene = await start('erin')
    const { client, server } = await connected(scene)
    await limit(scene, { expires: Date.now() + 700 })
    await Promise.all([client.discard(), server.discard()])
    await eventually(async () => expect(await lastReason(scene)).toBe('expired'))
    await expectRefusal(await ask(scene), notAllowed)
    await limit(scene, { expires: '1d' })
    await connected(scene)
  })

  test('a span that begins with the first use begins with it', async () => {
    const scene = await start('faith')
    await limit(scene, { expires: '30d', starts: 'first-use' })
    expect((await shown(scene)).use.expires).toBeNull()
    await connected(scene)
    await eventually(async () => {
      const left = Number((await shown(scene)).use.expires) - Date.now()
      expect(left).toBeGreaterThan(29 * 86_400_000)
    })
  })

  test("a group's limits hold for its members, and go with them", async () => {
    const scene = await start('grace')
    const words = 'groups add staff max-connections=1; users set grace group=staff'
    expect(await exec(scene.daemon, words)).toMatchObject({ status: 0 })
    await connected(scene)
    await expectRefusal(await ask(scene), notAllowed)
    expect(await shown(scene)).toMatchObject({
      group: 'staff',
      effective: { 'max-connections': { value: 1, from: 'group' } },
    })
    expect(await exec(scene.daemon, 'users set --where group=staff group=default')).toMatchObject({ status: 0 })
    await connected(scene)
  })

  test('networks that a user may come from keep out all others', async () => {
    const scene = await start('heidi')
    const { client } = await connected(scene)
    await limit(scene, { sources: '10.0.0.0/8' })
    await client.discard()
    await expectRefusal(await ask(scene), notAllowed)
    await limit(scene, { sources: '10.0.0.0/8,127.0.0.0/8' })
    await connected(scene)
  })

  test('targets see the address that is said for a user, or by a rule', async () => {
    const scene = await start('ivan')
    const seen = async () => (await connected(scene)).server.socket.remoteAddress
    const does = async (words: string) =>
      expect(await exec(scene.daemon, words)).toMatchObject({ status: 0, stderr: '' })
    await does('users set ivan egress=127.0.0.2,127.0.0.3 egress-mode=turns')
    expect(['127.0.0.2', '127.0.0.3']).toContain(await seen())
    await does('rules add allow user:ivan via 127.0.0.4')
    expect(await seen()).toBe('127.0.0.4')
    await does('users set ivan egress=; rules remove 16; rules add allow user:ivan via 127.0.0.4,127.0.0.5')
    const used = new Set<string | undefined>()
    for (let i = 0; i < 8; i++) used.add(await seen())
    expect([...used].sort()).toEqual(['127.0.0.4', '127.0.0.5'])
    await does('rules remove 17; users set ivan egress-mode=')
    expect(await seen()).toBe('127.0.0.1')
  })

  test('connections of one source have a limit that is set while it runs', async () => {
    const scene = await start('judy')
    await set(scene.operator, { 'max-connections-source': 1 })
    // Nobody else comes from there.
    await connected(scene, '127.0.0.9')
    // Whether its connection stands for a moment is the kernel's affair.
    const refused = connectPeer('127.0.0.1', scene.daemon.port('socks'), '127.0.0.9').then((peer) => peer.discard())
    await refused.catch(() => {})
    await eventually(async () => {
      const { connections } = (await scene.operator.call('connections.closed')).result
      expect(connections).toContainEqual(expect.objectContaining({ reason: 'limit_source' }))
    })
    await set(scene.operator, { 'max-connections-source': 0 })
  })
})
