import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { startEcho } from '../helpers/echo.ts'
import { eventually } from '../helpers/eventually.ts'
import { Flow } from '../helpers/flows.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { greetingForLogin, login } from '../helpers/socks-client.ts'

/** Whether a file system of ours can be mounted where nobody else sees it (mount_namespaces(7)). */
const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0
const bob = { name: 'bob', password: 'gravel-tulip-93' }

it.runIf(canMount)(
  'on a file system that has no room left, users are kept out at once, and that is stored later',
  async () => {
    const folders = await temporaryFolders()
    mkdirSync(folders.state, { mode: 0o700 })
    const mount = `mount -t tmpfs -o size=2m,mode=0700 none ${folders.state} && exec "$@"`
    const daemon = await startDaemon([], { folders, within: ['unshare', '--mount', 'sh', '-c', mount, 'sh'] })
    const admin = await operate(daemon)
    await admin.call('users.add', bob)
    await admin.call('users.add', { ...bob, name: 'ann' })
    const clients = { ...bob, proxyPort: daemon.port('socks'), echoPort: await startEcho() }
    const flow = await Flow.begin(clients, 1, () => setTimeout(5))
    // As the daemon sees it: it runs in the same process that has mounted it.
    const ballast = join(`/proc/${daemon.pid}/root`, folders.state, 'ballast')
    expect(() => writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024))).toThrow('ENOSPC')

    const refused = await admin.call('users.add', { ...bob, name: 'eve' })
    expect(refused.error).toMatchObject({
      message: expect.stringMatching(/see to the disk/),
      data: { kind: 'unavailable' },
    })
    expect((await admin.call('users.setEnabled', { name: 'ann', enabled: false })).result).toMatchObject({
      stored: false,
    })
    const client = await connectPeer('127.0.0.1', clients.proxyPort)
    client.write(greetingForLogin)
    client.write(login('ann', bob.password))
    expect(await client.readHex(4)).toBe('05020101')
    const { steps } = flow
    await eventually(() => expect(flow.steps).toBeGreaterThan(steps + 50))

    rmSync(ballast)
    await daemon.logs(/are stored now/)
    expect((await admin.call('users.add', { ...bob, name: 'eve' })).error).toBeUndefined()
    await flow.stop()
    expect((await daemon.stop()).status).toBe(0)
  },
)
