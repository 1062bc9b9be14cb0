import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { migrations } from '../../daemon/store/migrations.ts'
import { startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { fillDisk } from '../helpers/full-disk.ts'
import { operate } from '../helpers/operate.ts'
import { run } from '../helpers/programs.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { alter, contents, makeStore } from '../helpers/stores.ts'

const program = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))
const password = 'gravel-tulip-93'

function check(...args: readonly string[]) {
  return run(process.execPath, ['--disable-sigusr1', program, '--check-store', ...args])
}

test('a store is backed up while its daemon runs, checked once it does not, and a daemon starts with the backup', async () => {
  const daemon = await startDaemon()
  const { state } = daemon.folders
  const admin = await operate(daemon)
  for (const name of ['bob', 'ann']) await admin.call('users.add', { name, password })
  await admin.call('rules.add', { rule: 'deny user:bob to a.example' })
  const sound = (file: string) => ({
    status: 0,
    stdout: `${file} is sound: schema: ${migrations.length}, users: 2, groups: 1, operators: 0, settings: 0, rules: 1, bans: 0, watches: 0\n`,
    stderr: '',
  })

  const folders = await temporaryFolders()
  mkdirSync(folders.state, { mode: 0o700 })
  const file = join(folders.state, 'proxyd.db')
  const backup = await exec(daemon, `backup ${file}`, '--json')
  expect(JSON.parse(backup.stdout)).toEqual({ file, bytes: statSync(file).size })
  expect(await check(file)).toEqual(sound(file))
  expect(readdirSync(folders.state)).toEqual(['proxyd.db'])

  const files = readdirSync(state)
  const { status, stderr } = await check('--state-dir', state)
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^proxyd: \S+proxyd\.db is in use by another proxyd: .*\n$/),
  })
  expect(readdirSync(state)).toEqual(files)

  await daemon.kill()
  const before = contents(state)
  expect([...before.keys()].sort()).toEqual(['proxyd.db', 'proxyd.db-wal'])
  expect(await check('--state-dir', state)).toEqual(sound(join(state, 'proxyd.db')))
  expect(contents(state)).toEqual(before)

  const recovery = await run(process.execPath, [program, '--recover-store', '--state-dir', state])
  expect(recovery).toMatchObject({ status: 0, stdout: expect.stringContaining('there is nothing to recover\n') })
  expect(contents(state)).toEqual(before)

  const restored = await operate(await startDaemon([], { folders }))
  expect((await restored.call('users.list')).result.users).toMatchObject([{ name: 'ann' }, { name: 'bob' }])
})

test('a store with damaged rows is served, but for those whom they are about, which health names and operators mend', async () => {
  const folders = await temporaryFolders()
  mkdirSync(folders.state, { mode: 0o700 })
  const file = await makeStore(folders.state, 1)
  alter(
    file,
    `UPDATE users SET password = 'x' WHERE name = 'bob'; UPDATE users SET limits = '[]' WHERE name = 'user1';
    INSERT INTO settings VALUES ('auth', '"no"', 1), ('trusted-from', '{}', 1);
    INSERT INTO known_sources VALUES (1, 1, x'010203')`,
  )
  const daemon = await startDaemon([], { folders })
  const admin = await operate(daemon)
  const damaged = async () => (await admin.call('status.get')).result.health.store.damaged
  const [password, limits, auth, trusted] = [
    expect.stringMatching(/^the stored password of "bob" is damaged, so nobody can log in as them: .* 'passwd'$/),
    expect.stringMatching(/damaged \(all of the user "user1"\): whoever has them counts as expired/),
    expect.stringMatching(/^the stored setting auth is ignored, and required counts/),
    expect.stringMatching(/^the stored setting trusted-from is ignored, and nothing counts/),
  ]
  expect(await damaged()).toEqual([password, limits, auth, trusted])
  expect(daemon.stderr).toContain('what the store had of 1 source that users logged in from lately is damaged')
  // Another change of the user mends nothing, nor does it hide what is to be mended.
  await admin.call('users.setEnabled', { name: 'bob', enabled: false })
  expect(await damaged()).toContainEqual(password)
  await admin.call('users.setPassword', { name: 'bob', password: 'gravel-tulip-93' })
  await admin.call('users.set', { names: ['user1'], fields: { expires: '30d' } })
  const { revision } = (await admin.call('config.get')).result
  await admin.call('config.set', { revision, patch: { auth: 'required', 'trusted-from': null } })
  expect(await damaged()).toBeUndefined()
})

// Only there can the limits of a process be changed while it runs.
test.runIf(process.platform === 'linux')(
  'a disk that takes no backup is told of, and keeps no part of it',
  async () => {
    const daemon = await startDaemon()
    const admin = await operate(daemon)
    const file = join(daemon.folders.state, 'copy.db')
    fillDisk(daemon)
    const { error } = await admin.call('transfer.backup', { file })
    expect(error).toMatchObject({ data: { kind: 'unavailable' }, message: expect.stringContaining(file) })
    expect(readdirSync(daemon.folders.state)).not.toContain('copy.db')
    fillDisk(daemon, false)
    expect((await admin.call('transfer.backup', { file })).error).toBeUndefined()
  },
)
