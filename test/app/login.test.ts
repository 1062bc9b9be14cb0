import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type MethodShape, methods } from '../../shared/protocol/methods.ts'
import { startFakeDaemon } from '../exec/fake-daemon.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { sharedDaemon, startDaemon } from '../helpers/daemon.ts'
import { freePort } from '../helpers/free-port.ts'
import { addOperator, startTlsDaemon } from '../helpers/operators.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal, type Terminal } from '../helpers/terminal.ts'

/** It has users only once a test has added one. */
const daemons = sharedDaemon()

function open(port: number, ...args: string[]): Terminal {
  return openTerminal(process.execPath, [program, '--port', `${port}`, ...args])
}

test('an operator is asked for the password, unseen; a wrong one or none is told, and asked for again on r (16)', async () => {
  const port = await freePort()
  const daemon = await startDaemon(['-P', `${port}`])
  const password = (await readFile(await addOperator(daemon, 'eve', 'admin'), 'utf8')).trim()
  await using app = open(port, '--operator', 'eve')
  await app.shows(/Password of operator eve.*Password .*It is kept until you quit/s)
  app.type('\r')
  await app.shows(/! a password is needed/)
  app.type('\u001b')
  await app.shows(/^ refused, press r to try again: no password: you gave none/)
  app.type('r')
  await app.shows(/Password of operator eve/)
  app.type('not the password')
  await app.shows(/Password +•{16}▏/)
  app.type('\r')
  await app.shows(/^ refused, press r to try again: there is no operator "eve", or the password is\s+wrong;/)
  expect(app.screen).toMatch(/an admin can\s+set a new one with 'passwdoperator'/)
  expect(daemon.stderr.match(/management login from .* failed/g)).toHaveLength(1)
  app.type('r')
  await app.shows(/Password of operator eve/)
  app.type(`${password}\r`)
  await app.shows(/^ proxyd \d.* eve at 127\.0\.0\.1:\d+$/m)
  expect(app.output).not.toContain(password)

  await daemon.kill()
  await app.shows(/^ disconnected/)
  await startDaemon(['-P', `${port}`], { folders: daemon.folders })
  await app.shows(/^ proxyd \d/)
})

test('a dialog that is open is not taken away by the question for a password', async () => {
  const port = await freePort()
  const daemon = await startDaemon(['-P', `${port}`])
  await daemon.stop()
  await using app = open(port, '--operator', 'eve')
  await app.shows(/^ disconnected/)
  app.type('?')
  await app.shows(/The keys here/)
  await startDaemon(['-P', `${port}`], { folders: daemon.folders })
  await app.shows(/^ connecting\n/)
  expect(app.screen).toMatch(/The keys here/)
  app.type('q')
  await app.shows(/Password of operator eve/)
})

test('a password file is read again when r is pressed; TLS trusts what --ca says, and tells what to do where nobody vouches', async () => {
  const { daemon, tlsPort, ca } = await startTlsDaemon()
  const right = await readFile(await addOperator(daemon, 'eve', 'admin'), 'utf8')
  const file = join(await temporaryFolder(), 'password')
  await writeFile(file, 'wrong', { mode: 0o644 })
  await using app = open(tlsPort, '--tls', '--operator', 'eve', '--ca', ca, '--password-file', file)
  await app.shows(/^ refused, .*no password: cannot use the password file.*chmod\s+600/s)
  await writeFile(file, right)
  await chmod(file, 0o600)
  app.type('r')
  await app.shows(/^ proxyd \d.* eve at 127\.0\.0\.1:\d+$/m)

  await using strict = open(tlsPort, '--tls', '--operator', 'eve', '--password-file', file)
  await strict.shows(
    /^ disconnected, retrying in \d+ s: the certificate of 127\.0\.0\.1:\d+ is\s+self-signed;.*--ca\s+FILE/s,
  )
})

test('a viewer sees the overview, and is told why not the rest', async () => {
  const daemon = await daemons()
  await connectThrough(daemon.port('socks'), await startTarget())
  const file = await addOperator(daemon, 'eve', 'viewer')
  await using app = open(daemon.port('control'), '--operator', 'eve', '--password-file', file)
  await app.shows(/^ proxyd \d.* viewer, eve at 127\.0\.0\.1:\d+$/m)
  await app.shows(/accepted 1/)
  await app.shows(/Now {2}1 connection /)
  app.type('2')
  await app.shows(/The connections are only for operator or admin; you are viewer\./)
  expect(app.lines[23]).not.toMatch(/cut/)
  app.type('x')
  await app.shows(/^ ! that is only for operator or admin; you are viewer$/m)
  app.type('3')
  await app.shows(/The users are only for operator or admin; you are viewer\./)
  app.type('a')
  await app.shows(/^ ! that is only for admin; you are viewer$/m)
  expect(app.screen).not.toMatch(/refused/)
})

test('an operator may cut and disable, but not add or delete; a new role counts at once', async () => {
  const daemon = await daemons()
  await exec(daemon, 'adduser bob')
  const file = await addOperator(daemon, 'kim', 'operator')
  await using app = open(daemon.port('control'), '--operator', 'kim', '--password-file', file)
  await app.shows(/operator, /)
  app.type('3')
  await app.shows(/^>bob +enabled/m)
  expect(app.lines[23]).toMatch(/^ E on\/off {2}x cut {2}Enter detail {2}v groups {2}\/ filter/)
  app.type('D')
  await app.shows(/^ ! that is only for admin; you are operator$/m)
  app.type('E')
  await app.shows(/Disable user bob\?/)
  app.type('y')
  await app.shows(/^>bob +disabled/m)

  expect(await exec(daemon, 'role kim viewer')).toMatchObject({ status: 0 })
  await app.shows(/The users are only for operator or admin; you are viewer/)
  expect(app.screen).not.toMatch(/^>bob/m)
})

test('read-only, the app shows all and changes nothing, at each login', async () => {
  const daemon = await startDaemon(['-u', 'bob:pw'])
  // By its socket alone: the machine may have another daemon where the app would look next.
  const args = [program, '--socket', join(daemon.folders.runtime, 'proxyd.sock'), '--read-only']
  await using app = openTerminal(process.execPath, args)
  await app.shows(/^ proxyd \d.* read-only, /m)
  app.type('3')
  await app.shows(/^>bob/m)
  expect(app.screen).toMatch(/^ Enter detail .*\? help/m)
  app.type('a')
  await app.shows(/^ ! that is not for a read-only session: start without --read-only$/m)
  app.type(':raw users.remove \'{"name":"bob"}\'\r')
  await app.shows(/^ ! raw: users\.remove is not for a read-only session/m)
  app.type('\u001b')
  await daemon.kill()
  await app.shows(/^ disconnected/)
  await startDaemon([], { folders: daemon.folders })
  await app.shows(/^ proxyd \d.* read-only, /m)
  app.type('a')
  await app.shows(/^ ! that is not for a read-only session/m)
})

test('read-only, the app asks the daemon to see to it before anything else, and for nothing else that it would refuse', async () => {
  const daemon = await startFakeDaemon((method) =>
    method === 'session.drop' ? { role: 'viewer', readOnly: true } : { samples: [] },
  )
  await using app = openTerminal(process.execPath, [program, '--socket', daemon.path, '--read-only'])
  await app.until(() => daemon.calls.length > 3, 'has asked for what it shows')
  expect(daemon.calls[0]).toEqual(['session.drop', { readOnly: true }])
  const asked = new Set(daemon.calls.slice(1).map(([method]) => method))
  const logged = Object.entries<MethodShape>(methods).flatMap(([name, method]) => (method.logged ? [name] : []))
  expect(logged.filter((name) => asked.has(name))).toEqual([])
})

test('colour and refresh come from a profile', async () => {
  const daemon = await daemons()
  const config = join(await temporaryFolder(), 'profiles.toml')
  await writeFile(config, `[default]\nruntime-dir = "${daemon.folders.runtime}"\ncolour = "never"\nrefresh = 1\n`)
  await using app = openTerminal(process.execPath, [program, '--config', config])
  await app.shows(/^ proxyd \d.*-1 min/s)
  app.type('3')
  await app.shows(/^>bob/m)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  expect(app.output).not.toMatch(/\u001b\[[\d;:]*m/)
})
