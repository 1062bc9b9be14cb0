import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, sharedDaemon, startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { addOperator } from '../helpers/operators.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal, type Terminal, type TerminalOptions } from '../helpers/terminal.ts'

const [homes, labs] = [sharedDaemon(['-u', 'bob:pw']), sharedDaemon()]

/** Run the app on daemons that profiles name, each by its Unix socket alone. */
async function openOn(daemons: Readonly<Record<string, string>>, options?: TerminalOptions): Promise<Terminal> {
  const config = join(await temporaryFolder(), 'profiles.toml')
  const tables = Object.entries(daemons).map(([name, runtime]) => `[${name}]\nsocket = "${runtime}/proxyd.sock"\n`)
  await writeFile(config, tables.join(''))
  const where = ['--config', config, ...Object.keys(daemons).flatMap((name) => ['--profile', name])]
  return openTerminal(process.execPath, [program, ...where], options)
}

function runtimeOf({ folders }: Daemon): string {
  return folders.runtime
}

const wide = { columns: 160, rows: 30 }

test('several daemons stand side by side with their totals, in the smallest terminal too, and one of them is shown', async () => {
  const [home, lab] = [await homes(), await labs()]
  const target = await startTarget()
  await connectThrough(lab.port('socks'), target)
  await connectThrough(lab.port('socks'), target)
  await using app = await openOn({ home: runtimeOf(home), lab: runtimeOf(lab) }, wide)
  await app.shows(/^ proxyd \d.* 1\/2 home: \S+sock$/m)
  app.type('9')
  await app.shows(/\[9 Daemons 2\]/)
  await app.shows(/^> +1 home: .* online +\d\S+ +\d+s +1 +0 .*\n +2 lab: .* online +\d\S+ +\d+s +0 +2 /m)
  await app.shows(/^ +Total +2 of 2 +- +- +1 +2 /m)

  app.type('j\r')
  await app.shows(/^ proxyd \d.* 2\/2 lab: \S+sock$/m)
  await app.shows(/\[1 Overview\].*2 Connections 2/)
  app.type('2')
  await app.shows(/2\/2 connections/)
  app.type('[')
  await app.shows(/^ proxyd \d.* 1\/2 home: .*\[2 Connections 0\].*0\/0 connections/s)
  app.type('[')
  await app.shows(/ 2\/2 lab: .*2\/2 connections/s)
  app.type(']')
  await app.shows(/ 1\/2 home: /)
  app.resize(72, 18)
  app.type('9')
  await app.shows(/\[9 Daem\]$/m)
  await app.shows(/^[> ] +1 home: .* online .*\n[> ] +2 lab: .* online .*\n +Total +2 of 2/m)
  expect(app.lines[17]).toMatch(/q quit$/)
})

test('one is killed and started again while the other is shown', async () => {
  const [home, lab] = [await homes(), await startDaemon()]
  await using app = await openOn({ home: runtimeOf(home), lab: runtimeOf(lab) }, wide)
  await app.shows(/1\/2 home: /)
  app.type('9')
  await app.shows(/Total +2 of 2/)
  await lab.kill()
  await app.shows(/^ +2 lab: .* disconnected +- +- /m)
  expect(app.screen).toMatch(/^ proxyd \d.* 1\/2 home: .*\[9 !Daemons 2\].*^ +Total +1 of 2/ms)
  app.type('j')
  await app.shows(/^ lab: \S+sock: disconnected, retrying in \d+ s: no proxyd reached/m)
  app.type('\r')
  await app.shows(/^ 2\/2 lab: \S+: disconnected, retrying/)
  app.type('9k\r')
  await app.shows(/^ proxyd \d.* 1\/2 home: /)
  await startDaemon([], { folders: lab.folders })
  app.type('9')
  await app.shows(/^ +2 lab: .* online .*^ +Total +2 of 2/ms)
})

test('what is asked goes to the daemon that is shown then; what comes late names it, a password that was made too', async () => {
  const [home, lab] = [await homes(), await labs()]
  const users = async (daemon: Daemon) => JSON.parse((await exec(daemon, 'users', '--json')).stdout)
  await exec(lab, 'adduser bob')
  await using app = await openOn({ home: runtimeOf(home), lab: runtimeOf(lab) }, wide)
  await app.shows(/1\/2 home: /)
  app.type(']3')
  await app.shows(/ 2\/2 lab: .*^>bob/ms)
  await lab.freeze()
  app.type('Ey')
  // Its answer is waited for, which keys need not do.
  app.type('[')
  await app.shows(/ 1\/2 home: .*^>bob +enabled/ms)
  app.type(':enable bob\r\u001b')
  await app.shows(/enabled bob/)
  lab.signal('SIGCONT')
  await app.shows(/lab: \S+: disabled bob/)
  expect(await users(home)).toMatchObject([{ name: 'bob', enabled: true }])
  expect(await users(lab)).toMatchObject([{ name: 'bob', enabled: false }])
  app.type(']')
  await app.shows(/ 2\/2 lab: .*^>bob +disabled/ms)

  app.type('[')
  await app.shows(/ 1\/2 home: .*^>bob +enabled/ms)
  await home.freeze()
  app.type(':adduser eve\r')
  await app.shows(/asking the daemon/)
  app.type('\u001b')
  // What is no longer there may be in the middle of being drawn, and a key that follows Esc too soon is none of its own.
  await app.shows(/^ a add .*\? help/m)
  app.type(']')
  await app.shows(/ 2\/2 lab: /)
  home.signal('SIGCONT')
  await app.shows(/ 2\/2 lab: .*home: \S+: eve/s)
})

test('each operator is asked for the password once their daemon is shown', async () => {
  const [home, lab] = [await homes(), await labs()]
  const password = await readFile(await addOperator(lab, 'ann', 'viewer'), 'utf8')
  const hosts = [home, lab].flatMap((daemon) => ['--host', `127.0.0.1:${daemon.port('control')}`])
  await using app = openTerminal(process.execPath, [program, ...hosts, '--operator', 'ann'], wide)
  await app.shows(/Password of operator ann/)
  app.type('\u001b')
  await app.shows(/^ 1\/2 ann at \S+: refused, press r to try again: no password: you gave none/)
  app.type(']')
  await app.shows(/^ 2\/2 ann at .*Password of operator ann/s)
  app.type(`${password.trim()}\r`)
  await app.shows(/^ proxyd \d.* viewer, 2\/2 ann at /)
  app.type('9')
  await app.shows(/^ +1 ann at \S+ +refused .*\n> +2 ann at \S+ +online /m)
})

test('a daemon that is gone is tried again and again, but a wrong password once (16)', async () => {
  const daemon = await homes()
  await addOperator(daemon, 'eve', 'viewer')
  const [strict, gone] = [await startCounting(daemon.port('control')), await startCounting(daemon.port('control'))]
  gone.close()
  const wrong = join(await temporaryFolder(), 'password')
  await writeFile(wrong, 'not the password', { mode: 0o600 })
  const hosts = [strict, gone].flatMap(({ port }) => ['--host', `127.0.0.1:${port}`])
  const login = ['--operator', 'eve', '--password-file', wrong]
  await using app = openTerminal(process.execPath, [program, ...hosts, ...login], wide)
  await app.shows(/^ 1\/2 eve at \S+: refused, press r to try again: there is no operator "eve", or/)
  const attempts = strict.connections()
  app.type('9j')
  await app.shows(/^ eve at \S+: disconnected, retrying in 4 s/m)
  expect(strict.connections()).toBe(attempts)
  app.type('kr')
  await app.until(() => strict.connections() > attempts, 'tries again when it is told to')
})

/** What stands between the app and the daemon at `to`, and counts. */
async function startCounting(to: number) {
  let connections = 0
  const server = createServer((near) => {
    connections += 1
    const far = connect(to, '127.0.0.1')
    for (const socket of [near, far]) socket.on('error', () => {})
    near.pipe(far).pipe(near)
    onTestFinished(() => void near.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { port, connections: () => connections, close: () => server.close() }
}

test('of one daemon there is no page of daemons', async () => {
  const { runtime } = await temporaryFolders()
  await using app = openTerminal(process.execPath, [program, '--socket', join(runtime, 'proxyd.sock')])
  await app.shows(/1 Overview/)
  expect(app.screen).not.toMatch(/Daemons/)
  app.type('9')
  await app.shows(/! there is one daemon only; name several with --host, --socket or --profile/)
})
