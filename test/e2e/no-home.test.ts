import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openClient } from '../client/open-client.ts'
import { Daemon } from '../helpers/daemon.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal } from '../helpers/terminal.ts'

const [proxyd, proxyTui] = ['proxyd', 'proxy-tui'].map((name) =>
  fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url)),
) as [string, string]
/** A number that no user of this machine has, and nothing that tells of a home. */
const uid = 54_321
const stranger = { uid, gid: uid, env: { PATH: process.env.PATH, TMPDIR: '/nonexistent' } }

const canRun = process.geteuid?.() === 0 && spawnSync(process.execPath, [proxyd, '--version'], stranger).status === 0
if (!canRun) console.warn('SKIPPED: tests that need root, and a folder that any user can read')

function run(program: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { ...stranger, encoding: 'utf8' })
  return { status, stdout, stderr }
}

test.runIf(canRun)('a user without a home may name all folders, and is asked for them otherwise', async () => {
  const folder = await temporaryFolder()
  chmodSync(folder, 0o700)
  chownSync(folder, uid, uid)
  const [state, runtime] = [join(folder, 'state'), join(folder, 'run')]
  expect(run(proxyd, '--runtime-dir', runtime)).toEqual({
    status: 2,
    stdout: '',
    stderr: 'proxyd: no folder is known for --state-dir: name one with it\n',
  })
  const args = [proxyd, '-p', '0', '-P', '0', '--state-dir', state, '--runtime-dir', runtime]
  const child = spawn(process.execPath, args, { ...stranger, stdio: ['ignore', 'pipe', 'pipe'] })
  const daemon = new Daemon(child, { state, runtime })
  onTestFinished(async () => void (await daemon.kill()))
  await daemon.ready
  const client = await openClient({ kind: 'unix', path: join(runtime, 'proxyd.sock') })
  const { settings } = await client.call('config.get', {})
  expect(settings).toContainEqual(expect.objectContaining({ name: 'state-dir', value: state, default: '' }))

  expect(run(proxyTui, '--runtime-dir', runtime, '--exec', 'whoami')).toMatchObject({ status: 0, stderr: '' })
  expect(run(proxyTui, '--profile', 'home', '--exec', 'whoami')).toEqual({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(/^proxy-tui: this user has no home folder to have a profile home in; --config .*\n$/),
  })

  const asStranger = ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', process.execPath, proxyTui]
  const env = { HOME: undefined, XDG_STATE_HOME: undefined, XDG_CONFIG_HOME: undefined }
  await using app = openTerminal('setpriv', [...asStranger, '--runtime-dir', runtime], { env })
  await app.shows(/^ proxyd \d/m)
  app.type('q')
  expect(await app.ended).toEqual({ status: 0, signal: 0 })
})

test.runIf(canRun)('nor does it need a home to tell what it can do', () => {
  for (const program of [proxyd, proxyTui]) expect(run(program, '--help')).toMatchObject({ status: 0, stderr: '' })
})
