import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type MethodShape, methods } from '../../shared/protocol/methods.ts'
import { startFakeDaemon } from '../exec/fake-daemon.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { sharedDaemon, startDaemon } from '../helpers/daemon.ts'
import { freePort } from '../helpers/free-port.ts'
import { addOperator } from '../helpers/operators.ts'
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
  await exec(daemon, 'adduser bob')
  const config = join(await temporaryFolder(), 'profiles.toml')
  await writeFile(config, `[default]\nruntime-dir = "${daemon.folders.runtime}"\ncolour = "never"\nrefresh = 1\n`)
  await using app = openTerminal(process.execPath, [program, '--config', config])
  await app.shows(/^ proxyd \d.*-1 min/s)
  app.type('3')
  await app.shows(/^>bob/m)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  expect(app.output).not.toMatch(/\u001b\[[\d;:]*m/)
})
