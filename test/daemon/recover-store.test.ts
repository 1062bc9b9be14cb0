import { readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { checkStore } from '../../daemon/check-store.ts'
import { foreseePrivateDirectory } from '../../daemon/control/doors/private-directory.ts'
import { Failure } from '../../daemon/failure.ts'
import { recoverStore } from '../../daemon/recover-store.ts'
import { openStore } from '../../daemon/store/open-store.ts'
import { foreseeFolder } from '../../daemon/store/sqlite-store.ts'
import { alter, bob, contents, damagePage, leaveLog, makeStore } from '../helpers/stores.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const pageSize = 4096

/** The pages that a table, or an index, lies on, its root first. */
function pagesOf(file: string, name: string): number[] {
  const database = new DatabaseSync(file)
  const root = Number(database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(name)?.rootpage)
  const bytes = readFileSync(file)
  database.close()
  const start = (root - 1) * pageSize
  const isInterior = [0x02, 0x05].includes(bytes[start] as number)
  if (!isInterior) return [root]
  const cells = bytes.readUInt16BE(start + 3)
  const children = Array.from({ length: cells }, (_, i) =>
    bytes.readUInt32BE(start + bytes.readUInt16BE(start + 12 + 2 * i)),
  )
  return [root, ...children, bytes.readUInt32BE(start + 8)]
}

async function namesIn(folder: string): Promise<string[]> {
  const store = await openStore(folder)
  const users = await store.users.list()
  await store.close()
  return users.map(({ name }) => name)
}

/** The one file that is kept of the damaged store. */
function keptIn(folder: string): string {
  const [kept = '', ...others] = readdirSync(folder).filter((name) => name.startsWith('proxyd.db-damaged-'))
  expect(others).toEqual([])
  return join(folder, kept)
}

describe('of a damaged store, recovery', () => {
  test('saves every row but those on the damaged pages, names whom it loses, and keeps the damaged file', async () => {
    const folder = await temporaryFolder()
    const file = await makeStore(folder, 600)
    const leaves = pagesOf(file, 'users').slice(1)
    expect(leaves.length).toBeGreaterThan(10)
    const damaged = [leaves[3], leaves[4], leaves[8]] as number[]
    const rows = damaged.map((leaf) => readFileSync(file).readUInt16BE((leaf - 1) * pageSize + 3))
    for (const leaf of damaged) damagePage(file, leaf)
    const before = readFileSync(file)
    const told = await recoverStore(folder)
    const saved = await namesIn(folder)
    const all = ['bob', ...Array.from({ length: 600 }, (_, i) => `user${i + 1}`)]
    const lost = all.filter((name) => !saved.includes(name))
    expect(saved.length + lost.length).toBe(601)
    expect(lost.length).toBe(rows.reduce((sum, count) => sum + count))
    expect(told).toContain(`users: ${saved.length}, `)
    expect(told).toContain('not all could be read of users\n')
    expect(told).toMatch(
      new RegExp(`^lost are ${lost.length} users: "${[...lost].sort()[0]}", .* and ${lost.length - 20} more$`, 'm'),
    )
    expect(told).toContain(`the damaged one is kept as ${keptIn(folder)}\n`)
    expect(readFileSync(keptIn(folder))).toEqual(before)
    expect(await checkStore(file, folder)).toContain('is sound')
    const store = await openStore(folder)
    expect((await store.rules.load())?.text).toBe('deny user:bob to a.example\n')
    expect(await store.users.insert({ ...bob, name: 'new' })).toBe(602)
    await store.close()
  })

  test('keeps rows whose JSON is none or of another shape, closed, and tells of them', async () => {
    const folder = await temporaryFolder()
    const file = await makeStore(folder, 3)
    alter(
      file,
      `PRAGMA ignore_check_constraints = ON; UPDATE users SET limits = '{"quota":' WHERE name = 'user1';
      UPDATE users SET limits = '[]' WHERE name = 'user2'; UPDATE users SET password = 'x' WHERE name = 'user3';
      UPDATE rules SET ids = '{'; INSERT INTO watches VALUES ('w', 'failures > 3', 1, 'alice', '[');
      INSERT INTO settings VALUES ('auth', '"requ', 1)`,
    )
    await expect(openStore(folder)).rejects.toMatchObject({ problem: 'corrupt' })
    const told = await recoverStore(folder)
    expect(told).toContain('not all could be read of settings, users, rules, watches\n')
    expect(told).toContain('the stored password of "user3" is damaged')
    expect(told).toContain('damaged (all of the user "user1"; all of the user "user2")')
    expect(told).toContain('the stored setting auth is ignored, and required counts')
    expect(told).not.toContain('WITHOUT')
    expect(await namesIn(folder)).toEqual(['bob', 'user1', 'user2', 'user3'])
    expect(await checkStore(file, folder)).toContain('is sound')
  })

  test('takes what lies in the log of changes alone, too', async () => {
    const folder = await temporaryFolder()
    const file = await makeStore(folder, 600)
    const leaf = pagesOf(file, 'users')[4] as number
    leaveLog(file)
    damagePage(file, leaf)
    await recoverStore(folder)
    const store = await openStore(folder)
    expect(await store.groups.list()).toMatchObject([{ name: 'late' }])
    await store.close()
    expect(readdirSync(folder).filter((name) => name.includes('damaged'))).toHaveLength(2)
  })

  test('gives up a table whose root is damaged, says so aloud, and saves the others', async () => {
    const folder = await temporaryFolder()
    const file = await makeStore(folder, 3)
    damagePage(file, pagesOf(file, 'rules')[0] as number)
    const told = await recoverStore(folder)
    expect(told).toContain('not all could be read of rules\n')
    expect(told).toContain('WITHOUT ITS RULES')
    expect((await namesIn(folder)).sort()).toEqual(['bob', 'user1', 'user2', 'user3'])
  })

  test('drops rules that can be read and mean nothing', async () => {
    const folder = await temporaryFolder()
    const file = await makeStore(folder, 1)
    alter(file, "UPDATE rules SET text = 'let them in'")
    const told = await recoverStore(folder)
    expect(told).toContain('lost are the rules, whose text is damaged\nWITHOUT ITS RULES')
    expect(await namesIn(folder)).toEqual(['bob', 'user1'])
  })

  test('says that no user is left', async () => {
    const folder = await temporaryFolder()
    const file = await makeStore(folder)
    damagePage(file, pagesOf(file, 'users')[0] as number)
    const told = await recoverStore(folder)
    expect(told).toContain('lost are 1 user: "bob"\n')
    expect(told).toContain('WITHOUT USERS')
    expect(await namesIn(folder)).toEqual([])
  })
})

test('a sound store is left as it is', async () => {
  const folder = await temporaryFolder()
  await makeStore(folder)
  const before = contents(folder)
  expect(await recoverStore(folder)).toMatch(/ is sound: .*\nthere is nothing to recover\n$/)
  expect(contents(folder)).toEqual(before)
})

test.each([
  ['whose first page is damaged', (file: string) => damagePage(file, 1), /is damaged \(.*\): restore a backup/],
  [
    'that is no database',
    (file: string) => writeFileSync(file, 'no database, '.repeat(900)),
    /is damaged \(.*\): restore/,
  ],
  ['that is empty', (file: string) => truncateSync(file), /is damaged \(it has no tables\)/],
  ['of a newer proxyd', (file: string) => alter(file, 'PRAGMA user_version = 1000'), /newer proxyd/],
])('of a store %s nothing is recovered, and nothing changes', async (_, damage, message) => {
  const folder = await temporaryFolder()
  const file = await makeStore(folder)
  damage(file)
  const before = contents(folder)
  const failure = await recoverStore(folder).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Failure)
  expect(failure).toMatchObject({ status: 1, message: expect.stringMatching(message) })
  expect(contents(folder)).toEqual(before)
})

test('of what is not there it says so, and no more', async () => {
  await expect(recoverStore('/nonexistent/x')).rejects.toThrow(
    'there is no /nonexistent/x/proxyd.db: name its folder with --state-dir',
  )
})

test('a folder in which nothing can be made is foreseen', async () => {
  const folder = await temporaryFolder()
  symlinkSync('/nonexistent', join(folder, 'dangling'))
  const bad: readonly (readonly [string, RegExp])[] = [
    ['/proc/x', /nobody but the kernel makes anything in \/proc/],
    [join(folder, 'dangling', 'x'), /dangling is a symbolic link that leads nowhere/],
    [join(folder, 'x'.repeat(300)), /--state-dir/],
  ]
  for (const [place, why] of bad) expect(() => foreseeFolder(place)).toThrow(why)
  writeFileSync(join(folder, 'file'), '')
  for (const place of [join(folder, 'file', 'x'), join(folder, 'x'.repeat(300))])
    expect(() => foreseePrivateDirectory(place)).toThrow(
      /^cannot make the runtime folder .* another with --runtime-dir$/,
    )
  expect(() => foreseeFolder(join(folder, 'new', 'er'))).not.toThrow()
})
