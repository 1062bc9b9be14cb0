import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Daemon, startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { fillDisk } from '../helpers/full-disk.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openApp } from './open-app.ts'

/** A connection of a user who is let in. */
async function connectAs(daemon: Daemon, name: string, password: string, target: Target) {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(greetingForLogin)
  await client.read(2)
  client.write(login(name, password))
  await client.read(2)
  client.write(request(target.host, target.port))
  await expectReply(client, succeeded)
  return client
}

test.runIf(process.platform === 'linux')('what acts and could not be stored is told', async () => {
  const daemon = await startDaemon()
  await exec(daemon, 'adduser bob')
  fillDisk(daemon)
  await using app = await openApp(daemon, { columns: 120 })
  app.type('3')
  await app.shows(/^>bob +enabled/m)
  app.type('Ey')
  await app.shows(/^>bob +disabled[\s\S]*disabled bob, cut 0 connections; the store failed, so it is not stored yet/m)
})

test('what users moved is shown for a day, a week and longer, and written into a file', async () => {
  const folders = await temporaryFolders()
  const first = await startDaemon([], { folders })
  const client = await operate(first)
  await client.call('users.add', { name: 'bob', password: 'secret-of-bob' })
  const target = await startTarget()
  const bob = await connectAs(first, 'bob', 'secret-of-bob', target)
  const peer = await target.next()
  bob.write('x'.repeat(1000))
  await peer.read(1000)
  await first.stop()

  const daemon = await startDaemon([], { folders })
  const cwd = await temporaryFolder()
  await using app = await openApp(daemon, { cwd })
  app.type('3vv')
  await app.shows(/1\/1 that moved something in the last 24 hours[\s\S]*^>bob +1000 B +0 B +1000 B +1 *$/m)
  app.type('-')
  await app.shows(/in the last 7 days/)
  app.type('w')
  const [, file = ''] = await app.shows(/wrote (proxyd-usage-7d-\S+\.csv): 1 row/)
  expect(await readdir(cwd)).toEqual([file])
  expect(await readFile(join(cwd, file), 'utf8')).toBe('user,up,down,connections\r\nbob,1000,0,1\r\n')
})
