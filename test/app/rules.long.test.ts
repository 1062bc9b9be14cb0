import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'vitest'
import { sharedDaemon, startDaemon } from '../helpers/daemon.ts'
import { addOperator } from '../helpers/operators.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { openApp } from './open-app.ts'

const daemons = sharedDaemon()

test('a rule about nobody says so while it is typed, asks, and is marked until there is somebody', async () => {
  const daemon = await startDaemon(['-u', 'bob:pw'])
  await using app = await openApp(daemon)
  app.type('4adeny user:bop to a.example')
  await app.shows(/note: there is no user "bop" yet, so this is about nobody/)
  app.type('\r')
  await app.shows(/Add this rule\?[\s\S]*there is no user "bop" yet[\s\S]*\[ Cancel \]/)
  app.type('y')
  await app.shows(/^[> ] +1 deny +user:bop \(nobody\) to a\.example/m)
  await exec(daemon, 'adduser bop')
  await app.shows(/^[> ] +1 deny +user:bop to a\.example/m)
})

test('a new size while an editor has the terminal leaves it the terminal, and the app alive', async () => {
  const daemon = await daemons()
  const editor = join(await temporaryFolder(), 'editor')
  await writeFile(
    editor,
    "#!/bin/sh\ntrap 'echo the size is $(stty size)' WINCH\necho editing\nuntil read line; do :; done\n",
    { mode: 0o700 },
  )
  await using app = await openApp(daemon, { env: { VISUAL: editor } })
  app.type('4V')
  await app.shows(/^editing$/m)
  app.resize(100, 30)
  await app.shows(/^the size is 30 100$/m)
  // Longer than a size takes to settle.
  await new Promise((done) => setTimeout(done, 300))
  app.type('\r')
  await app.until(() => app.lines[29]?.endsWith('q quit') === true, 'fills the new size')
})

test('an operator sees and tries them, and is told who may change them', async () => {
  const daemon = await daemons()
  await exec(daemon, 'rules add allow to a.example')
  const login = ['--operator', 'kim', '--password-file', await addOperator(daemon, 'kim', 'operator')]
  const where = ['--host', '127.0.0.1', '--port', String(daemon.port('control'))]
  await using app = openTerminal(process.execPath, [program, ...where, ...login])
  await app.shows(/operator, /)
  app.type('4')
  await app.shows(/^ +\d+ allow +to a\.example/m)
  app.type('a')
  await app.shows(/! that is only for admin; you are operator/)
  app.type('t')
  await app.shows(/What do the rules say to/)
})
