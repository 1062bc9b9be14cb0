import { expect, test } from 'vitest'
import { sharedDaemon } from '../helpers/daemon.ts'
import { exec } from '../helpers/proxy-tui.ts'
import type { Terminal } from '../helpers/terminal.ts'
import { openApp, sharedApp } from './open-app.ts'

const [tab, up, erase, esc] = ['\t', '\u001b[A', '\u0015', '\u001b']

const daemons = sharedDaemon()
const apps = sharedApp(daemons)
const alicesAndBobs = sharedDaemon(['-u', 'alice:pw', '-u', 'bob:pw'])
const appsOfBoth = sharedApp(alicesAndBobs)

test('commands are typed with Tab, carried out, and told in place, in a dialog or as a table', async () => {
  const daemon = await daemons()
  const app = await apps()

  // A password is made and shown this once, and a mistake is told where it was made.
  app.type(':addu')
  await app.shows(/^ adduser\s+:addu▏/m)
  app.type(`${tab}bob surplus\r`)
  await app.shows(/^ ! too much for adduser; usage: .*\n :adduser bob surplus▏/m)
  app.type(`\u0017\r`)
  await app.shows(/The password of bob, shown only now:.*\b[a-km-np-z2-9]{26}\b/s)
  app.type(esc)
  await app.until(() => !app.screen.includes('shown only now'), 'has forgotten the password')

  // A table takes the place of the page, to 80 columns.
  app.type(':operators; users\r')
  await app.shows(/^ :operators; users\n NAME +ROLE[\s\S]*\n bob +enabled +kept/m)
  expect(app.lines).toHaveLength(24)
  app.type(esc)
  await app.shows(/Nobody has come yet/)

  // A page's name goes there, with a filter behind it.
  app.type(':users user:bo*\r')
  await app.shows(/\[3 Users\][\s\S]*1\/1 users.*filter: user:bo\*/)
  app.type(':connections foo:bar\r')
  await app.shows(/^ ! foo:bar: there is no field foo/m)
  app.type(`${erase}overview\r`)
  await app.shows(/Nobody has come yet/)

  // The history has what was carried out, not what was refused.
  app.type(`:${up}`)
  await app.shows(/^ :overview▏/m)
  app.type(up)
  await app.shows(/^ :users user:bo\*▏/m)
  app.type(`${erase}set timeout-i${tab}5000\r`)
  await app.shows(/timeout-idle is 5s now/)
  expect((await exec(daemon, 'get timeout-idle')).stdout).toBe('5s\n')
})

test('what cuts connections is asked about, and Tab goes through users and operators', async () => {
  const daemon = await alicesAndBobs()
  const app = await appsOfBoth()
  app.resize(100, 24)
  await app.shows(/3 Users 2/)
  await exec(daemon, 'addoperator carol')
  app.type(':role ')
  await app.shows(/^ carol\s+:role ▏/m)
  app.type(`${tab}v${tab}\r`)
  await app.shows(/carol is viewer now/)
  app.type(`:disable ${tab}`)
  await app.shows(/^\[alice\] bob\s+:disable alice▏/m)
  app.type(tab)
  await app.shows(/^ alice \[bob\]\s+:disable bob▏/m)
  app.type('\r')
  await app.shows(
    /Disable user bob\?.*they cannot log in until enabled again; 0 connections will be cut.*\[ Cancel \]/is,
  )
  expect((await exec(daemon, 'users')).stdout).toMatch(/bob +enabled/)
  // Whoever changes their mind finds the line again.
  app.type(esc)
  await closed(app)
  expect(app.screen).toMatch(/^ :disable bob▏/m)
  app.type('\r')
  await app.shows(/\[ Cancel \]/)
  app.type('y')
  await app.shows(/disabled bob, cut 0 connections; u undoes/)
  expect((await exec(daemon, 'users')).stdout).toMatch(/bob +disabled/)
  app.type('u')
  await app.shows(/enabled bob; u undoes/)
})

test('the line asks by the dialog of the key, and by one for several commands', async () => {
  const daemon = await alicesAndBobs()
  const app = await appsOfBoth()
  app.type('3')
  await app.shows(/^>alice/m)
  const asked =
    /Delete user alice\?.*\n.*They cannot log in again; 0 connections will be cut\..*\n.*it can be undone.*\n.*\[ Cancel \] +Delete/
  app.type('D')
  await app.shows(asked)
  app.type(esc)
  await closed(app)
  app.type(':deluser alice\r')
  await app.shows(asked)
  const row = app.lines.findIndex((line) => line.includes('[ Cancel ]'))
  const column = app.lines[row]?.indexOf('Delete') ?? -1
  app.type(`\u001b[<0;${column + 2};${row + 1}M`)
  await app.shows(/1\/1 users[\s\S]*deleted alice, cut 0 connections/)
  app.type(':cut user:bob\r')
  await app.shows(/^ ! cut: bob has no connection/m)
  app.type(`${erase}drain; deluser bob\r`)
  await app.shows(/Do all of this\?.*Drain the daemon\?.*Delete user bob\?.*It is the last user/s)
  app.type('\r')
  await closed(app)
  expect(app.screen).toMatch(/^ :drain; deluser bob▏/m)
  expect((await exec(daemon, 'users')).stdout).toMatch(/bob/)
})

test('a wide or long result scrolls both ways', async () => {
  const app = await apps()
  app.type(':get\r')
  await app.shows(/^ :get {3}lines 1 to \d+ of \d+\n NAME +SOURCE/m)
  app.type('G')
  await app.shows(/^ :get {3}lines \d+ to (\d+) of \1$/m)
  app.type('gq:raw config.get\r')
  await app.shows(/^ :raw\n \{/m)
  const before = app.lines[3]
  app.type('l')
  await app.until(() => app.lines[3] !== before && app.lines[3]?.length === 80, 'shows more of the line')
  app.type(`q:${up}`)
  await app.shows(/^ :get▏/m)
  app.type(esc)
  await app.shows(/ q quit$/)
})

test('whoever only watches is told so before anything is sent', async () => {
  await using app = await openApp(await daemons(), { env: { PROXY_TUI_READ_ONLY: 'yes' } })
  app.type(`:dr${tab}ain\r`)
  await app.shows(/^ ! drain is not for a read-only session: start without --read-only/m)
  app.type(`${erase}whoami\r`)
  await app.shows(/^ .*admin.*, read-only/m)
})

test('the log can be asked for on its page, which goes on; what would end what pages follow is refused', async () => {
  const daemon = await daemons()
  const app = await apps()
  app.type('6')
  await app.shows(/following[\s\S]*proxyd .* serves/)
  app.type(':log --last 1\r')
  await app.shows(/^ :log\n \d{4}-\S+Z {2}info /m)
  app.type(esc)
  await app.shows(/following/)
  app.type(':raw log.unsubscribe {}\r')
  await app.shows(/! raw: log\.unsubscribe is for --exec/)
  app.type(esc)
  await exec(daemon, 'adduser zoe')
  await app.shows(/users\.add name="zoe"/)
})

/** Wait until no question is asked. */
function closed(app: Terminal): Promise<void> {
  return app.until(() => !app.screen.includes('Cancel'), 'has closed the question')
}
