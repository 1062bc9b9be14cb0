import { execFileSync } from 'node:child_process'
import { rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkStore } from '../../daemon/check-store.ts'
import { Failure } from '../../daemon/failure.ts'
import { migrations } from '../../daemon/store/migrations.ts'
import { alter, contents, damagePage, makeStore } from '../helpers/stores.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const damages: readonly [string, (file: string) => void, RegExp][] = [
  ['a page that is overwritten', (file) => damagePage(file, 12), /is damaged \(.+\): /],
  ['an end that is missing', (file) => truncateSync(file, 10 * 4096), /is damaged \(.+\): /],
  [
    'use by nobody',
    (file) => alter(file, 'PRAGMA foreign_keys = OFF; DELETE FROM users; INSERT INTO usage VALUES (7, 0, 0, 0, 0)'),
    /row 7 of usage is of none of the users/,
  ],
  [
    'rules that are none',
    (file) => alter(file, "UPDATE rules SET text = 'let bob in'"),
    /the rules in it are damaged \(line 1, column 1: .*\): restore a backup, or have proxyd --recover-store/,
  ],
  ['a newer schema', (file) => alter(file, 'PRAGMA user_version = 1000'), /newer proxyd \(schema 1000/],
  ['nothing of proxyd', (file) => alter(file, 'PRAGMA user_version = 0'), /holds nothing of proxyd/],
  ['no store', (file) => rmSync(file), /there is no .*: name its folder with --state-dir/],
]

test.each(damages)('a check finds %s, tells it in one line, and changes nothing', async (_, damage, message) => {
  const folder = await temporaryFolder()
  const file = await makeStore(folder, 300)
  damage(file)
  const before = contents(folder)
  const failure = await checkStore(file, folder).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Failure)
  expect(failure).toMatchObject({ status: 1, message: expect.stringMatching(message) })
  expect(failure).toMatchObject({ message: expect.stringContaining(file) })
  expect(failure).toMatchObject({ message: expect.not.stringContaining('\n') })
  expect(contents(folder)).toEqual(before)
})

test('a check waits for no pipe', async () => {
  const file = join(await temporaryFolder(), 'proxyd.db')
  execFileSync('mkfifo', [file])
  await expect(checkStore(file, '/')).rejects.toThrow(`${file} is no plain file, so that is no store`)
})

test('a check tells of settings that would be passed over', async () => {
  const folder = await temporaryFolder()
  const file = await makeStore(folder)
  alter(file, "INSERT INTO settings VALUES ('warp', '9', 1)")
  expect(await checkStore(file, folder)).toMatch(/ is sound: .*\nthe stored setting warp is ignored: .*\n$/)
})

test('a check tells of bans that would be left out', async () => {
  const folder = await temporaryFolder()
  const file = await makeStore(folder)
  const values = ['192.0.2.1', '2q3.0.113.9'].map((source) => `('${source}', 1, NULL, 'operator', 'alice')`)
  alter(file, `INSERT INTO bans (source, since, until, reason, by) VALUES ${values}`)
  expect(await checkStore(file, folder)).toMatch(
    / bans: 1, watches: 0\n1 stored ban left out, since "2q3\.0\.113\.9" is no address .* forget them with 'unban damaged'\n$/,
  )
})

test('a check tells of passwords, limits, settings and numbers of rules that mean nothing, and what counts in their place', async () => {
  const folder = await temporaryFolder()
  const file = await makeStore(folder, 1)
  alter(
    file,
    `UPDATE users SET limits = '{"quota":"x"}', password = 'x' WHERE name = 'bob'; UPDATE users SET limits = '[]' WHERE name = 'user1';
    INSERT INTO groups VALUES ('staff', 'null', 1); UPDATE rules SET ids = '{}'; INSERT INTO settings VALUES ('auth', '7', 1)`,
  )
  const [sound, ...warnings] = (await checkStore(file, folder)).trimEnd().split('\n')
  expect(sound).toMatch(/ is sound: /)
  expect(warnings).toEqual([
    expect.stringMatching(/^the stored password of "bob" is damaged/),
    expect.stringMatching(/damaged \(all of the group "staff"; quota of the user "bob"; all of the user "user1"\): /),
    expect.stringMatching(/^the numbers of the stored rules are damaged/),
    expect.stringMatching(/^the stored setting auth is ignored, and required counts/),
  ])
})

test('a check reads what an older proxyd left', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'old.db')
  alter(file, `${migrations[0]}; PRAGMA user_version = 1; INSERT INTO users VALUES ('old', '${'x'}', 1, 1)`)
  const before = contents(folder)
  expect(await checkStore(file, folder)).toMatch(/password of "old" is damaged/)
  expect(contents(folder)).toEqual(before)
})
