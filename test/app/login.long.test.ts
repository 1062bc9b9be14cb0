import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sharedDaemon, startDaemon } from '../helpers/daemon.ts'
import { freePort } from '../helpers/free-port.ts'
import { addOperator, startTlsDaemon } from '../helpers/operators.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal, type Terminal } from '../helpers/terminal.ts'

/** It has users only once a test has added one. */
const daemons = sharedDaemon()

function open(port: number, ...args: string[]): Terminal {
  return openTerminal(process.execPath, [program, '--port', `${port}`, ...args])
}

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
