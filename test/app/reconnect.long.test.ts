import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { program } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { openApp } from './open-app.ts'

test('the app may be there before its daemon', async () => {
  const folders = await temporaryFolders()
  await using app = openTerminal(process.execPath, [program, '--socket', join(folders.runtime, 'proxyd.sock')])
  await app.shows(/^ disconnected, retrying in \d+ s: no proxyd reached/)
  app.type('3a')
  await app.shows(/New user/)
  app.type('bob\r\r')
  await app.shows(/! not connected, so nothing was done/)
  app.type('\u001b')
  await startDaemon([], { folders })
  await app.shows(/^ proxyd \d.*0\/0 users/s)
})

test('the graph begins with what the daemon remembers', async () => {
  const daemon = await startDaemon()
  const target = await startTarget()
  const client = await connectThrough(daemon.port('socks'), target)
  const server = await target.next()
  await using early = await openApp(daemon)
  server.write(Buffer.alloc(4 * 1024 * 1024))
  await client.read(4 * 1024 * 1024)
  await early.shows(/scale in [KM]iB\/s/)
  await early.shows(/Down 0 B\/s/)
  await using late = await openApp(daemon)
  await late.shows(/scale in [KM]iB\/s/)
  expect(late.lines.slice(3, 9).some((line) => /[⠁-⣿]/.test(line.slice(6)))).toBe(true)
})
