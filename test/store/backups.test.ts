import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openStore } from '../../daemon/store/open-store.ts'
import { type BackupStore, type Store, StoreError } from '../../daemon/store/store.ts'
import { Backups } from '../../daemon/transfer/backups.ts'
import { bob, makeStore } from '../helpers/stores.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

async function openedStore(users = 0): Promise<Store> {
  const folder = await temporaryFolder()
  await makeStore(folder, users)
  const store = await openStore(folder)
  onTestFinished(() => store.close())
  return store
}

describe('a backup', () => {
  it('is a store with all there is, whole in one file, for its owner only', async () => {
    const store = await openedStore(2000)
    const folder = await temporaryFolder()
    const file = join(folder, 'proxyd.db')
    const { bytes } = await new Backups(store.backups).make({ file })
    expect(bytes).toBe(statSync(file).size)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['proxyd.db'])
    const copy = await openStore(folder)
    onTestFinished(() => copy.close())
    expect(await copy.users.list()).toEqual(await store.users.list())
  })

  it('is sound, and lets changes pass, while they are made', async () => {
    const store = await openedStore(4000)
    const file = join(await temporaryFolder(), 'copy.db')
    let isOver = false
    const made = new Backups(store.backups).make({ file }).finally(() => {
      isOver = true
    })
    let meanwhile = 0
    while (!isOver) await store.users.insert({ ...bob, name: `late${meanwhile++}` })
    await made
    const copy = new DatabaseSync(file)
    onTestFinished(() => copy.close())
    expect(copy.prepare('PRAGMA integrity_check').all()).toMatchObject([{ integrity_check: 'ok' }])
    expect(copy.prepare("SELECT count(*) AS count FROM users WHERE name LIKE 'user%'").get()).toMatchObject({
      count: 4000,
    })
    expect(await store.users.list()).toHaveLength(4001 + meanwhile)
  })

  it('is whole though the store is closed meanwhile', async () => {
    const store = await openedStore(2000)
    const file = join(await temporaryFolder(), 'copy.db')
    writeFileSync(file, '')
    void store.backups.make(file).catch(() => {})
    await store.close()
    const copy = new DatabaseSync(file)
    onTestFinished(() => copy.close())
    expect(copy.prepare('SELECT count(*) AS count FROM users').get()).toMatchObject({ count: 2001 })
  })

  it('takes the place of no file', async () => {
    const store = await openedStore()
    const file = join(await temporaryFolder(), 'precious')
    writeFileSync(file, 'precious')
    await expect(new Backups(store.backups).make({ file })).rejects.toMatchObject({ kind: 'exists' })
    expect(readFileSync(file, 'utf8')).toBe('precious')
  })

  it.each([
    ['relative.db', 'invalid', /from \/ on/],
    ['FOLDER/missing/x.db', 'unavailable', /: there is no folder .*missing: make it first/],
    ['FOLDER/open/x.db', 'invalid', /others can write to/],
    ['FOLDER/open/below/x.db', 'invalid', /others can write to .*open, and put/],
  ])('is refused at %s', async (place, kind, message) => {
    const store = await openedStore()
    const folder = await temporaryFolder()
    mkdirSync(join(folder, 'open/below'), { recursive: true })
    chmodSync(join(folder, 'open'), 0o777)
    const file = place.replace('FOLDER', folder)
    const refusal = expect.objectContaining({ kind, message: expect.stringMatching(message) })
    await expect(new Backups(store.backups).make({ file })).rejects.toEqual(refusal)
    expect(existsSync(file)).toBe(false)
  })

  it('leaves nothing behind where it fails, and the next has its turn', async () => {
    const folder = await temporaryFolder()
    const failing: BackupStore = {
      async make(file) {
        writeFileSync(`${file}-journal`, 'half')
        throw new StoreError('failed', 'the disk is full')
      },
    }
    const backups = new Backups(failing)
    const made = [1, 2].map((number) => backups.make({ file: join(folder, `${number}.db`) }))
    for (const backup of made) await expect(backup).rejects.toMatchObject({ message: 'the disk is full' })
    expect(readdirSync(folder)).toEqual([])
  })
})
