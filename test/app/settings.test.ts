import { expect, test } from 'vitest'
import { type Daemon, sharedDaemon } from '../helpers/daemon.ts'
import { exec } from '../helpers/proxy-tui.ts'
import type { Terminal } from '../helpers/terminal.ts'
import { sharedApp } from './open-app.ts'

const esc = '\u001b'
const erase = '\u0015'

// The flag is for what is set to differ from it.
const plain = sharedDaemon(['--log-level', 'info'])
const apps = sharedApp(plain)
/** Open to other machines. */
const open = sharedDaemon(['--log-level', 'info', '-l', '0.0.0.0', '-u', 'bob:pw'])
const appsOfOpen = sharedApp(open)

/** The app on the settings, with one of them selected. */
async function openSetting(apps: () => Promise<Terminal>, name: string): Promise<Terminal> {
  const app = await apps()
  app.type('7')
  await app.shows(/\d+\/\d+ settings/)
  app.type(`/${erase}${name}\r`)
  await app.shows(new RegExp(`^>${name} `, 'm'))
  return app
}

async function settingOf(daemon: Daemon, name: string): Promise<string> {
  return (await exec(daemon, `get ${name}`)).stdout.trim()
}

test('80x24 shows settings with value, source and when they act, and what the selected one is for', async () => {
  const app = await apps()
  app.type('7')
  await app.shows(/^ Setting▲ +Value +Source +Acts$/m)
  await app.shows(/^ control-port +0 +flag +restart$/m)
  expect(app.screen).toMatch(/^ auth +auto +default +at once$/m)
  expect(app.screen).toMatch(/^>access-log +off +default +at once$/m)
  expect(app.screen).toMatch(/^ default off: write down in this file how each connection ended/m)
  expect(app.lines[23]).toBe(' Enter edit  D default  / filter  C columns  f filters  s sort  ? help  q quit')
  app.resize(72, 18)
  await app.shows(/ 6 Log \[7 Settin\] 8 Operat\n[\s\S]*\n>access-log [\s\S]* q quit$/)
})

test('an integer is changed within its range, and goes back to its default after a question', async () => {
  const daemon = await plain()
  const app = await openSetting(apps, 'timeout-idle')
  app.type('\r')
  await app.shows(/Value +1h▏.*\n.*100ms to 1d, default 1h: without a byte/)
  app.type(`${erase}soon\r`)
  await app.shows(/! timeout-idle takes a time, such as 90s or 1h30m/)
  app.type(`${erase}99\r`)
  await app.shows(/! timeout-idle must be from 100ms to 1d/)
  app.type(`${erase}5000\r`)
  await app.shows(/^>timeout-idle +5s +stored +at once[\s\S]*^ timeout-idle is 5s now/m)
  expect(await settingOf(daemon, 'timeout-idle')).toBe('5s')
  app.type('D')
  await app.shows(/Forget what was set as timeout-idle\?.*\n.*It is 5s now; the default is 1h\./)
  app.type('\r')
  await app.until(() => !app.screen.includes('Forget'), 'closed the question')
  expect(await settingOf(daemon, 'timeout-idle')).toBe('5s')
  app.type('D')
  await app.shows(/Forget what was set/)
  app.type('y')
  await app.shows(/^>timeout-idle +1h +default +at once/m)
  app.type('D')
  await app.shows(/! timeout-idle was not set here: its value is from the default already/)
})

test('a choice is taken from a list, a flag toggled; what the daemon warns of is asked first', async () => {
  const daemon = await plain()
  const app = await openSetting(apps, 'log-level')
  app.type('\r')
  await app.shows(/ error .*\n.* warn .*\n.*> {2}info \(as it is\) .*\n.* debug /)
  app.type('j\r')
  await app.shows(/Set log-level to debug\?.*\n.*also given as a flag[\s\S]*\[ Cancel \]/)
  app.type('\r')
  await app.until(() => !app.screen.includes('Cancel'), 'closed the question')
  expect(await settingOf(daemon, 'log-level')).toBe('info')
  app.type('\r')
  await app.shows(/info \(as it is\)/)
  app.type('j\r')
  await app.shows(/\[ Cancel \]/)
  app.type('y')
  await app.shows(/^>log-level +debug +stored/m)

  app.type(`/${erase}open-proxy\r`)
  await app.shows(/^>open-proxy +false/m)
  app.type('\r')
  await app.shows(/ false \(as it is\) .*\n.*> {2}true /)
  app.type('\r')
  await app.shows(/Set open-proxy to true\?/)
  app.type('y')
  await app.shows(/^>open-proxy +true +stored/m)
  expect(await settingOf(daemon, 'open-proxy')).toBe('true')
  app.type('D')
  await app.shows(/Forget what was set/)
  app.type('y')
  await app.shows(/^>open-proxy +false +default/m)
})

test('the command line asks what the page asks, and what would be refused is told there', async () => {
  const daemon = await open()
  const app = await openSetting(appsOfOpen, 'log-level')
  app.type(':set log-level error\r')
  await app.shows(/Set log-level to error\?.*\n.*also given as a flag[\s\S]*\[ Cancel \]/)
  expect(await settingOf(daemon, 'log-level')).toBe('info')
  app.type('y')
  await app.shows(/^>log-level +error +stored[\s\S]*log-level is error now; u undoes/m)
  app.type(':set log-level warn --dry-run\r')
  await app.shows(/log-level would become warn/)
  expect(await settingOf(daemon, 'log-level')).toBe('error')
  app.type(esc)
  await app.shows(/^>log-level/m)
  app.type(':set auth none\r')
  await app.shows(/^ ! set: SOCKS on 0\.0\.0\.0 without a password/m)
  app.type(esc)
  await app.shows(/ q quit$/)
})

test('what the daemon refuses is told, and nothing has changed', async () => {
  const daemon = await open()
  const app = await openSetting(appsOfOpen, 'auth')
  app.type('\r')
  await app.shows(/auto \(as it is\)/)
  app.type('jj\r')
  await app.shows(/^ ! refused: SOCKS on 0\.0\.0\.0 without a password/m)
  expect(await settingOf(daemon, 'auth')).toBe('auto')
})

test('who was overtaken by somebody else hears of it, sees what they did, and can try again', async () => {
  const daemon = await plain()
  const app = await openSetting(apps, 'timeout-idle')
  app.type('\r')
  await app.shows(/Value +1h▏/)
  await exec(daemon, 'set timeout-idle 7000')
  app.type(`${erase}5000\r`)
  await app.shows(/^ ! refused: somebody else has just changed the settings; look, then try again$/m)
  await app.shows(/^>timeout-idle +7s +stored/m)
  expect(await settingOf(daemon, 'timeout-idle')).toBe('7s')
  app.type('\r')
  await app.shows(/Value +7s▏/)
  app.type(`${erase}5000\r`)
  await app.shows(/^>timeout-idle +5s/m)
})

test('a setting that acts at the start only is not opened, and why is told', async () => {
  const app = await openSetting(apps, 'socks-port')
  app.type('\r')
  await app.shows(/! socks-port acts at start only: set it in the config file or by flag/)
})

test('operators are added with a password shown once, given another role, and deleted after a question', async () => {
  const daemon = await plain()
  const app = await apps()
  app.type('8')
  await app.shows(/0\/0 operators/)
  app.type('a')
  await app.shows(/Name +▏/)
  app.type(`kim\r${erase}boss\r\r`)
  await app.shows(/! the role must be one of viewer, operator, admin/)
  app.type(`${esc}[A${erase}operator\r\r`)
  const [, password] = await app.shows(/The password of kim, shown only now:.*\n\W+(\w{26})\b/)
  app.type(esc)
  await app.until(() => !app.screen.includes(`${password}`), 'shows the password no longer')
  await app.shows(/^>kim +operator +0 +\d/m)
  app.type('e')
  await app.shows(/Role of operator kim[\s\S]*> {2}operator \(as it is\)/)
  app.type('j\r')
  await app.shows(/^>kim +admin +0[\s\S]*^ kim is admin now, ended 0 sessions/m)
  app.type('D')
  await app.shows(/Delete operator kim\?[\s\S]*\[ Cancel \]/)
  app.type('y')
  await app.shows(/0\/0 operators[\s\S]*^ deleted kim/m)
  expect((await exec(daemon, 'operators')).stdout).not.toContain('kim')
})
