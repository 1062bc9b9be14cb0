import { describe, expect, test } from 'vitest'
import type { User } from '../../shared/protocol/methods.ts'
import type { RawClient } from '../control/raw-client.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { operate, set } from '../helpers/operate.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { expectRefusal, expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'

/** Connection not allowed by ruleset (RFC 1928, section 6). */
const notAllowed = '02'

/** Bob, logged in, who asks for the target. */
async function ask(daemon: Daemon, target: Target): Promise<Peer> {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(greetingForLogin)
  await client.read(2)
  client.write(login('bob', 'hunter2'))
  expect(await client.readHex(2)).toBe('0100')
  client.write(request(target.host, target.port))
  return client
}

async function connected(daemon: Daemon, target: Target): Promise<{ client: Peer; server: Peer }> {
  const client = await ask(daemon, target)
  await expectReply(client, succeeded)
  return { client, server: await target.next() }
}

async function bobAs(operator: RawClient): Promise<User> {
  return (await operator.call('users.list')).result.users[0]
}

async function limit(operator: RawClient, fields: object): Promise<void> {
  expect((await operator.call('users.set', { names: ['bob'], fields })).error).toBeUndefined()
}

describe.each(['portable', 'linux'])('with the %s engine', (engine) => {
  async function start(folders?: Daemon['folders']) {
    const daemon = await startDaemon(['--engine', engine, '--timeout-drain', '0'], folders && { folders })
    const [operator, target] = [await operate(daemon), await startTarget()]
    if (!folders) await operator.call('users.add', { name: 'bob', password: 'hunter2' })
    return { daemon, operator, target }
  }

  test('a quota that is used up cuts, outlasts a restart, and begins anew by a word', async () => {
    const { daemon, operator, target } = await start()
    await limit(operator, { quota: '100kB' })
    const { client, server } = await connected(daemon, target)
    client.write(Buffer.alloc(60_000))
    await server.read(60_000)
    await eventually(async () => expect((await bobAs(operator)).use).toMatchObject({ used: 60_000, ended: null }))
    server.write(Buffer.alloc(60_000))
    await Promise.all([client.discard(), server.discard()])
    await eventually(async () => {
      const [last] = (await operator.call('connections.closed')).result.connections
      expect(last).toMatchObject({ user: 'bob', reason: 'quota' })
    })
    await expectRefusal(await ask(daemon, target), notAllowed)
    await eventually(async () => expect((await bobAs(operator)).use.ended).toBe('quota'))
    const { used } = (await bobAs(operator)).use
    await daemon.stop()

    const again = await start(daemon.folders)
    expect((await bobAs(again.operator)).use).toMatchObject({ used, ended: 'quota' })
    await expectRefusal(await ask(again.daemon, again.target), notAllowed)
    expect(await exec(again.daemon, 'users reset-quota bob')).toMatchObject({
      status: 0,
      stdout: 'the quota of bob begins anew\n',
    })
    await connected(again.daemon, again.target)
  })

  test('what a user moves up to a clean end is kept', async () => {
    const { daemon, operator, target } = await start()
    await limit(operator, { quota: '1GB' })
    const { client, server } = await connected(daemon, target)
    client.write(Buffer.alloc(50_000))
    await server.read(50_000)
    await daemon.stop()
    const again = await start(daemon.folders)
    expect((await bobAs(again.operator)).use.used).toBe(50_000)
  })

  test('an expiry ends live connections and keeps out, until there is a later one', async () => {
    const { daemon, operator, target } = await start()
    const { client, server } = await connected(daemon, target)
    await limit(operator, { expires: Date.now() + 700 })
    await Promise.all([client.discard(), server.discard()])
    await eventually(async () => {
      const [last] = (await operator.call('connections.closed')).result.connections
      expect(last).toMatchObject({ user: 'bob', reason: 'expired' })
    })
    await expectRefusal(await ask(daemon, target), notAllowed)
    await limit(operator, { expires: '1d' })
    await connected(daemon, target)
  })

  test('a span that begins with the first use begins with it', async () => {
    const { daemon, operator, target } = await start()
    await limit(operator, { expires: '30d', starts: 'first-use' })
    expect((await bobAs(operator)).use.expires).toBeNull()
    await connected(daemon, target)
    await eventually(async () => {
      const left = Number((await bobAs(operator)).use.expires) - Date.now()
      expect(left).toBeGreaterThan(29 * 86_400_000)
    })
  })

  test("a group's limits hold for its members, and go with them", async () => {
    const { daemon, operator, target } = await start()
    const words = 'groups add staff max-connections=1; users set bob group=staff'
    expect(await exec(daemon, words)).toMatchObject({ status: 0 })
    await connected(daemon, target)
    await expectRefusal(await ask(daemon, target), notAllowed)
    expect(await bobAs(operator)).toMatchObject({
      group: 'staff',
      effective: { 'max-connections': { value: 1, from: 'group' } },
    })
    expect(await exec(daemon, 'users set --where group=staff group=default')).toMatchObject({ status: 0 })
    await connected(daemon, target)
  })

  test('networks that a user may come from keep out all others', async () => {
    const { daemon, operator, target } = await start()
    const { client } = await connected(daemon, target)
    await limit(operator, { sources: '10.0.0.0/8' })
    await client.discard()
    await expectRefusal(await ask(daemon, target), notAllowed)
    await limit(operator, { sources: '10.0.0.0/8,127.0.0.0/8' })
    await connected(daemon, target)
  })

  test('targets see the address that is said for a user, or by a rule', async () => {
    const { daemon, target } = await start()
    const seen = async () => (await connected(daemon, target)).server.socket.remoteAddress
    const words = 'users set bob egress=127.0.0.2,127.0.0.3 egress-mode=turns'
    expect(await exec(daemon, words)).toMatchObject({ status: 0, stderr: '' })
    expect(['127.0.0.2', '127.0.0.3']).toContain(await seen())
    expect(await exec(daemon, 'rules add allow user:bob via 127.0.0.4')).toMatchObject({ status: 0, stderr: '' })
    expect(await seen()).toBe('127.0.0.4')
    const others = 'users set bob egress=; rules remove 16; rules add allow user:bob via 127.0.0.4,127.0.0.5'
    expect(await exec(daemon, others)).toMatchObject({ status: 0, stderr: '' })
    const used = new Set<string | undefined>()
    for (let i = 0; i < 8; i++) used.add(await seen())
    expect([...used].sort()).toEqual(['127.0.0.4', '127.0.0.5'])
    const removed = 'rules remove 17; users set bob egress-mode='
    expect(await exec(daemon, removed)).toMatchObject({ status: 0, stderr: '' })
    expect(await seen()).toBe('127.0.0.1')
  })

  test('connections of one source have a limit that is set while it runs', async () => {
    const { daemon, operator, target } = await start()
    await set(operator, { 'max-connections-source': 1 })
    await connected(daemon, target)
    // Whether its connection stands for a moment is the kernel's affair.
    const refused = connectPeer('127.0.0.1', daemon.port('socks')).then((peer) => peer.discard())
    await refused.catch(() => {})
    await eventually(async () => {
      const { sample } = (await operator.call('status.get')).result
      expect(sample.ended).toEqual({ limit_source: 1 })
    })
  })
})
