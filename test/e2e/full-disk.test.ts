import { describe, expect, it } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { fillDisk } from '../helpers/full-disk.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { greetingForLogin, login } from '../helpers/socks-client.ts'

const password = 'gravel-tulip-93'

/** The answer to a login. */
async function answer(daemon: Daemon, name: string): Promise<string> {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(bytes(greetingForLogin, login(name, password)))
  return client.readHex(4)
}

// Only there can the limits of a process be changed while it runs.
describe.runIf(process.platform === 'linux')('while its disk takes nothing, a daemon', () => {
  it('keeps out whom it is to, lets nobody in, says so, and stores it later', async () => {
    const daemon = await startDaemon()
    const admin = await operate(daemon)
    for (const name of ['ann', 'bob', 'cid']) await admin.call('users.add', { name, password })
    await admin.call('users.setEnabled', { name: 'cid', enabled: false })
    for (const name of ['kim', 'joe']) await admin.call('operators.add', { name, role: 'viewer', password })
    fillDisk(daemon)

    const revoked = [
      await admin.call('users.setEnabled', { name: 'bob', enabled: false }),
      await admin.call('users.remove', { name: 'ann' }),
      await admin.call('operators.remove', { name: 'kim' }),
    ]
    expect(revoked.map(({ result }) => result)).toEqual([
      { cut: 0, stored: false },
      { cut: 0, opened: false, stored: false },
      { ended: 0, stored: false },
    ])
    expect(await Promise.all(['ann', 'bob'].map((name) => answer(daemon, name)))).toEqual(['05020101', '05020101'])

    const { revision } = (await admin.call('config.get')).result
    const tighter = [
      await admin.call('rules.add', { rule: 'deny to a.example' }),
      await admin.call('users.set', { names: ['cid'], fields: { quota: '1GB' } }),
      await admin.call('groups.set', { name: 'default', fields: { 'max-connections': 5 } }),
      await admin.call('config.set', { revision, patch: { 'max-connections-source': 10 } }),
    ]
    expect(tighter.map(({ result }) => result.stored)).toEqual([false, false, false, false])
    const { waiting } = (await admin.call('status.get')).result.health.store
    expect(waiting).toEqual(
      expect.arrayContaining(['the rules', 'the limits of users', 'group "default"', 'the settings']),
    )
    const refused = [
      await admin.call('users.add', { name: 'eve', password }),
      await admin.call('users.setEnabled', { name: 'cid', enabled: true }),
      await admin.call('operators.add', { name: 'eve', role: 'viewer', password }),
      await admin.call('operators.setRole', { name: 'joe', role: 'admin' }),
      await admin.call('rules.add', { rule: 'allow to b.example' }),
      await admin.call('users.set', { names: ['cid'], fields: { quota: '2GB' } }),
      await admin.call('groups.set', { name: 'default', fields: { 'max-connections': '' } }),
      await admin.call('config.set', { revision: revision + 1, patch: { 'timeout-idle': 60_000 } }),
    ]
    for (const { error } of refused) {
      expect(error?.data.kind).toBe('unavailable')
      expect(error?.message).toMatch(/proxyd\.db .*: see to the disk/)
    }
    const health = async () => (await admin.call('status.get')).result.health.store.problem
    expect(await health()).toMatch(/see to the disk/)

    fillDisk(daemon, false)
    await daemon.logs(/are stored now/)
    expect(await health()).toBeNull()
    await daemon.kill()
    const restarted = await operate(await startDaemon([], { folders: daemon.folders }))
    const { users } = (await restarted.call('users.list')).result
    expect(users).toMatchObject([
      { name: 'bob', enabled: false },
      { name: 'cid', enabled: false, limits: { quota: 1_000_000_000 } },
    ])
    expect((await restarted.call('rules.list')).result.rules).toContainEqual(
      expect.objectContaining({ text: 'deny to a.example' }),
    )
    const { settings } = (await restarted.call('config.get')).result
    expect(settings).toContainEqual(expect.objectContaining({ name: 'max-connections-source', value: 10 }))
    const { groups } = (await restarted.call('groups.list')).result
    expect(groups).toMatchObject([{ name: 'default', limits: { 'max-connections': 5 } }])
    const { operators } = (await restarted.call('operators.list')).result
    expect(operators).toMatchObject([{ name: 'joe', role: 'viewer' }])
  })
})
