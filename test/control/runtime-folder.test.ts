import { once } from 'node:events'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { foreseeRuntimeFolder } from '../../daemon/control/doors/runtime-folder.ts'
import { eventually } from '../helpers/eventually.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { cookieOf, entered, greeted, logIn, started } from './raw-client.ts'
import { type Control, startControl } from './start-control.ts'

/** Managed by both ways in. */
async function isManaged(control: Control): Promise<void> {
  await entered(control)
  const client = await greeted({ host: '127.0.0.1', port: control.port })
  await started(client)
  expect((await logIn(client, cookieOf(control))).result.role).toBe('admin')
}

const missing = (control: Control) =>
  `files were missing in the runtime folder ${control.runtimeDirectory}: they are there again`

it.each([
  ['the socket', ['proxyd.sock']],
  ['the cookie', ['cookie']],
  ['the lock', ['lock']],
  ['all of them', ['proxyd.sock', 'cookie', 'lock']],
])('makes anew %s when it is removed, once it is told to look', async (_, names) => {
  const control = await startControl()
  const before = await entered(control)
  for (const name of names) rmSync(join(control.runtimeDirectory, name))
  await control.server.reload()
  await isManaged(control)
  expect(control.log.filter((line) => line === missing(control))).toHaveLength(1)
  expect((await before.call('session.whoami')).result.role).toBe('admin')
  await expect(startControl({ runtimeDirectory: control.runtimeDirectory })).rejects.toThrow(/a proxyd runs already/)
  expect(lstatSync(control.server.unixPath).mode & 0o777).toBe(0o600)
  await control.server.close()
  expect(readdirSync(control.runtimeDirectory)).toEqual(['lock'])
})

/** The runtime folder itself is made, too. */
const inside = { mode: 0o700, recursive: true }

it.each([
  ['a file', (folder: string) => writeFileSync(folder, ''), /is not a folder/],
  [
    'one with a folder for a lock',
    (folder: string) => mkdirSync(join(folder, 'lock'), inside),
    /lock is a folder: remove/,
  ],
  [
    'one with a folder for a cookie',
    (folder: string) => mkdirSync(join(folder, 'cookie'), inside),
    /cookie is a folder: remove/,
  ],
  [
    'one with a folder for a socket',
    (folder: string) => mkdirSync(join(folder, 'proxyd.sock'), inside),
    /is not a socket: remove/,
  ],
  ['a folder that is open to others', (folder: string) => mkdirSync(folder, { mode: 0o755 }), /is open to others/],
])('foresees that %s is no place for it', async (_, make, why) => {
  const runtimeDirectory = join(await temporaryFolder(), 'runtime')
  make(runtimeDirectory)
  expect(() => foreseeRuntimeFolder(runtimeDirectory, undefined)).toThrow(why)
  await expect(startControl({ runtimeDirectory })).rejects.toThrow(why)
})

it.each([
  ['none/runtime', /cannot make the runtime folder .*: there is no folder .*none: make it first/],
  ['x'.repeat(100), /the path .* is too long/],
  ['x'.repeat(300), /cannot make the runtime folder .* longer than the system takes: name another with --runtime-dir/],
  ['file/runtime', /cannot make the runtime folder .*: .*file is not a folder: name another with --runtime-dir/],
  ['dangling/runtime', /: .*dangling is a symbolic link that leads nowhere: mend that, or name/],
  ['/proc/x', /: nobody but the kernel makes anything in \/proc: name another with --runtime-dir/],
  ['open/runtime', /can be replaced by others: chmod go-w .*open, or/],
])('foresees that %s can be none', async (name, why) => {
  const folder = await temporaryFolder()
  writeFileSync(join(folder, 'file'), '')
  symlinkSync('nowhere', join(folder, 'dangling'))
  mkdirSync(join(folder, 'open'))
  chmodSync(join(folder, 'open'), 0o777)
  const runtimeDirectory = resolve(folder, name)
  expect(() => foreseeRuntimeFolder(runtimeDirectory, undefined)).toThrow(why)
  await expect(startControl({ runtimeDirectory })).rejects.toThrow(why)
})

it('makes anew a folder that is removed with all that is in it, by itself', async () => {
  const control = await startControl({ lookPeriod: 20 })
  rmSync(control.runtimeDirectory, { recursive: true })
  await eventually(() => expect(control.log).toContain(missing(control)))
  await isManaged(control)
})

it('has its files look used, so that what removes old ones leaves them', async () => {
  const control = await startControl()
  const paths = ['', 'lock', 'cookie', 'proxyd.sock'].map((name) => join(control.runtimeDirectory, name))
  for (const path of paths) utimesSync(path, 1, 1)
  await control.server.reload()
  for (const path of paths) expect(lstatSync(path).mtimeMs).toBeGreaterThan(Date.now() - 60_000)
  expect(control.log).not.toContain(missing(control))
})

it('leaves to another daemon what that has made of a folder that was removed, and says so once', async () => {
  const control = await startControl()
  const { runtimeDirectory } = control
  rmSync(runtimeDirectory, { recursive: true })
  const other = await startControl({ runtimeDirectory, instance: 'the other' })
  for (let i = 0; i < 3; i++) await control.server.reload()
  expect(control.log.filter((line) => line.includes('cannot be mended'))).toEqual([
    // The cause is a sentence for people: an error would be shown with its stack.
    expect.stringMatching(/cannot be mended: a proxyd runs already/),
  ])
  await control.server.close()
  await isManaged(other)
})

it('leaves what another has put in the place of its socket', async () => {
  const control = await startControl()
  rmSync(control.server.unixPath)
  const other = createServer().listen({ path: control.server.unixPath })
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { ino } = lstatSync(control.server.unixPath)
  await control.server.reload()
  expect(control.log.at(-1)).toMatch(/a proxyd runs already/)
  await control.server.close()
  expect(lstatSync(control.server.unixPath).ino).toBe(ino)
})

it('is in nobody else’s folder, also when it has to make it anew', async () => {
  const control = await startControl()
  rmSync(control.runtimeDirectory, { recursive: true })
  mkdirSync(control.runtimeDirectory, { mode: 0o755 })
  writeFileSync(join(control.runtimeDirectory, 'cookie'), 'x')
  await control.server.reload()
  expect(control.log.at(-1)).toMatch(/is open to others: chmod 700/)
  expect(readFileSync(join(control.runtimeDirectory, 'cookie'), 'utf8')).toBe('x')
  rmSync(control.runtimeDirectory, { recursive: true })
  await control.server.reload()
  await isManaged(control)
})
