import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RpcError } from '../../shared/protocol/errors.ts'
import { type Answer, startFakeDaemon } from '../exec/fake-daemon.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { program } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'
import { openTerminal } from '../helpers/terminal.ts'

test('a daemon that is killed and restarted is found again without a key, its data shown dimmed meanwhile (16)', async () => {
  const target = await startTarget()
  const daemon = await startDaemon()
  await connectThrough(daemon.port('socks'), target)
  // By its socket alone: the machine may have another daemon where the app would look next.
  const socket = join(daemon.folders.runtime, 'proxyd.sock')
  await using app = openTerminal(process.execPath, [program, '--socket', socket])
  await app.shows(/accepted 1/)
  await daemon.kill()
  await app.shows(/^ disconnected, retrying in \d+ s: /)
  expect(app.screen).toMatch(/\[1 Overview\] 2 Conns .*Now {2}1 connection .*accepted 1/s)
  // Why it is disconnected may take another row meanwhile.
  const isDimmed = () => {
    const row = app.lines.findIndex((line) => line.includes('accepted 1'))
    return app.emulator.buffer.active.getLine(row)?.getCell(1)?.isFgDefault() === false
  }
  await app.until(isDimmed, 'dims what is old')

  const restarted = await startDaemon([], { folders: daemon.folders })
  await app.shows(/^ proxyd \d.*Now {2}0 connections.*accepted 0/s)
  await connectThrough(restarted.port('socks'), target)
  app.type('2')
  await app.shows(/1\/1 connections/)
})

test('what a daemon of another release does not tell as it is known here is told of, and the rest is shown', async () => {
  const answers: Readonly<Record<string, Answer>> = {
    'rules.list': {
      revision: 0,
      rules: [{ id: 16, place: 1, source: 'rules', text: 'deny to any', hits: 0, last: null }],
    },
    'config.get': { revision: 0, settings: [] },
  }
  const unknown = new RpcError('method_not_found', 'there is no such method')
  const daemon = await startFakeDaemon((method) => answers[method] ?? unknown)
  await using app = openTerminal(process.execPath, [program, '--socket', daemon.path], { columns: 120 })
  await app.shows(/^ proxyd {2}older than this app/)
  await app.shows(/! this daemon is older than this app, which cannot show its .*health/)
  app.type('4')
  await app.shows(/What this daemon tells of rules cannot be shown, for it is older than this app: upgrade it, or/)
  app.type('5')
  await app.shows(/What this daemon tells of bans cannot be shown/)
  app.type('7')
  await app.shows(/0\/0 settings/)
  expect(daemon.connections).toBe(1)
})

test('why no daemon is reached is told to its end, and what to do', async () => {
  const { runtime } = await temporaryFolders()
  const socket = join(runtime, 'a-name-as-long-as-it-takes-to-fill-up-a-row.sock')
  await using app = openTerminal(process.execPath, [program, '--socket', socket])
  await app.shows(/^ disconnected, retrying in \d+ s: no proxyd reached: .*\n.*\.sock;\n.*--socket\n+.*1 Overview/)
  expect(app.lines).toHaveLength(24)
  expect(app.lines[23]).toMatch(/q quit$/)
})

test('a wrong cookie is told and not tried again until somebody wants it', async () => {
  const daemon = await startDaemon()
  const wrong = join(daemon.folders.state, 'wrong-cookie')
  await writeFile(wrong, '0'.repeat(64), { mode: 0o600 })
  const where = ['--host', '::1', '--port', `${daemon.port('control')}`, '--cookie-file', wrong]
  await using app = openTerminal(process.execPath, [program, ...where])
  await app.shows(/^ refused, press r to try again: /)
  await writeFile(wrong, await readFile(join(daemon.folders.runtime, 'cookie')))
  expect(app.screen).toMatch(/^ refused/)
  app.type('r')
  await app.shows(/^ proxyd \d.* \[::1\]:\d+$/m)
})
