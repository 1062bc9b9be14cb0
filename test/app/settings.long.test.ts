import { expect, test } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { operate } from '../helpers/operate.ts'
import { addOperator } from '../helpers/operators.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { openApp } from './open-app.ts'

const esc = '\u001b'

test('beside the operators stand who is logged in, who can be sent away, and what they did', async () => {
  const daemon = await startDaemon()
  await exec(daemon, 'adduser bob; users set bob quota=1GB')
  const other = await operate(daemon)
  await using app = await openApp(daemon)
  app.type('8v')
  await app.shows(
    /2\/2 management connections[\s\S]*^>\s+\d+ +local +admin +unix .*\n.* local \(this app\) +admin +unix +\ds .*metrics/m,
  )
  app.type('x')
  await app.shows(/End management connection \d+\?/)
  app.type('y')
  expect(await other.rest()).toMatchObject([{ method: 'goodbye' }])
  await app.shows(/1\/1 management connections/)
  app.type('v')
  await app.shows(
    /that operators did last[\s\S]*sessions\.cut id=[\s\S]*users\.set names=\["bob"\][\s\S]*users\.add name=bob/,
  )
  app.type('/what:quota\r')
  await app.shows(/1\/3 that operators did last/)
  app.type('\r')
  await app.shows(/Z {2}local {2}admin {2}unix {2}ok[\s\S]*quota - → 1000000000/)
  app.type(`${esc}`)
  await app.until(() => !app.screen.includes('admin  unix'), 'shows the entry no longer')
  app.type(`${esc}`)
  await app.shows(/3\/3 that operators did last/)
  app.type('v')
  await app.shows(/0\/0 operators/)
})

test('who may only look sees the settings, and is told what is for others', async () => {
  const daemon = await startDaemon()
  const by = ['--port', `${daemon.port('control')}`, '--operator', 'eve']
  const file = await addOperator(daemon, 'eve', 'viewer')
  await using app = openTerminal(process.execPath, [program, ...by, '--password-file', file])
  await app.shows(/proxyd \d.* viewer, /)
  app.type('7')
  await app.shows(/^>access-log /m)
  app.type('\r')
  await app.shows(/! that is only for admin; you are viewer/)
  app.type('6')
  await app.shows(/^ The log is only for operator or admin; you are viewer\./m)
  app.type('8')
  await app.shows(/^ The operators are only for admin; you are viewer\./m)
  app.type('a')
  await app.shows(/! that is only for admin/)
})
