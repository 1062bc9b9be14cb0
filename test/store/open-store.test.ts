import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { noLimits } from '../../daemon/access/accounts.ts'
import { withShrinkableHeaps } from '../../daemon/heap.ts'
import { ThreadFile } from '../../daemon/os/thread-file.ts'
import { migrations } from '../../daemon/store/migrations.ts'
import { openStore } from '../../daemon/store/open-store.ts'
import { foreseeFolder } from '../../daemon/store/sqlite-store.ts'
import { StoreError } from '../../daemon/store/store.ts'
import { alter, contents, damagePage, leaveLog, makeStore } from '../helpers/stores.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { testStore } from './contract.ts'
import { testDamage } from './damage-contract.ts'
import { testSettings } from './settings-contract.ts'

async function newPlace() {
  const folder = await temporaryFolder()
  return () => openStore(folder)
}

testStore('SQLite', newPlace)
testSettings('SQLite', newPlace)
testDamage('SQLite', async () => {
  const folder = await temporaryFolder()
  return {
    open: () => openStore(folder),
    alter: async (sql) => alter(join(folder, 'proxyd.db'), sql),
    table: (name) => name,
  }
})

const bob = { name: 'bob', password: '$scrypt$bob', enabled: true, created: 1, ...noLimits }

it('stores nothing in a file that is not in its place, and lends none, but saves what it holds', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'proxyd.db')
  const aside = join(folder, 'aside.db')
  const store = await openStore(folder)
  onTestFinished(() => store.close())
  await store.users.insert(bob)
  const refusal = { problem: 'unwritable', message: expect.stringContaining(`${file} is gone or another file`) }
  renameSync(file, aside)
  await expect(store.users.insert({ ...bob, name: 'ann' })).rejects.toMatchObject(refusal)
  writeFileSync(file, '')
  await expect(store.users.remove(1)).rejects.toMatchObject(refusal)
  for (const keepsCopy of [false, true]) {
    await expect(store.lend(keepsCopy)).rejects.toMatchObject(refusal)
    await store.takeBack()
  }
  const copy = join(await temporaryFolder(), 'proxyd.db')
  closeSync(openSync(copy, 'wx', 0o600))
  await store.backups.make(copy)
  const saved = await openStore(join(copy, '..'))
  onTestFinished(() => saved.close())
  expect(await saved.users.list()).toMatchObject([{ name: 'bob' }])
  renameSync(aside, file)
  await store.users.insert({ ...bob, name: 'ann' })
})

describe('of a database that somebody has copied another one over, under its daemon', () => {
  const rewritten = { problem: 'unwritable', message: expect.stringContaining('was written to by another program') }

  /** A store of bob and ann, over which an older copy with bob alone was written. */
  async function overwritten() {
    const folder = await temporaryFolder()
    const file = join(folder, 'proxyd.db')
    const first = await openStore(folder)
    await first.users.insert(bob)
    await first.close()
    const backup = readFileSync(file)
    const store = await openStore(folder)
    onTestFinished(() => store.close())
    await store.users.insert({ ...bob, name: 'ann' })
    writeFileSync(file, backup)
    return { folder, file, backup, store }
  }

  it('nothing is read, stored, saved or lent, and the copy stays as it is, also for the next start', async () => {
    const { folder, file, backup, store } = await overwritten()
    await expect(store.users.insert({ ...bob, name: 'cid' })).rejects.toMatchObject(rewritten)
    await expect(store.users.list()).rejects.toMatchObject(rewritten)
    await expect(store.backups.make(join(folder, 'copy.db'))).rejects.toMatchObject(rewritten)
    await expect(store.lend(false)).rejects.toMatchObject(rewritten)
    await store.takeBack()
    await store.close()
    expect(readFileSync(file)).toEqual(backup)
    expect(statSync(`${file}-wal-unsaved`).size).toBeGreaterThan(0)
    const next = await openStore(folder)
    onTestFinished(() => next.close())
    expect(await next.users.list()).toMatchObject([{ name: 'bob' }])
  })

  it('an end that comes first writes nothing into the copy', async () => {
    const { file, backup, store } = await overwritten()
    await store.close()
    expect(readFileSync(file)).toEqual(backup)
  })

  it('a log of changes that somebody has removed is missed, too', async () => {
    const folder = await temporaryFolder()
    const store = await openStore(folder)
    onTestFinished(() => store.close())
    await store.users.insert(bob)
    rmSync(join(folder, 'proxyd.db-wal'))
    const message = expect.stringContaining('proxyd.db-wal is gone')
    await expect(store.users.insert({ ...bob, name: 'ann' })).rejects.toMatchObject({ problem: 'unwritable', message })
  })

  it('what the daemon itself writes, such as many changes, is none of it', async () => {
    const folder = await temporaryFolder()
    const store = await openStore(folder)
    onTestFinished(() => store.close())
    const { mtimeMs } = statSync(join(folder, 'proxyd.db'))
    // More than the log of changes takes.
    const limits = { note: 'x'.repeat(5_000) }
    const added = Array.from({ length: 1_000 }, (_, i) => ({ ...bob, name: `user${i}`, limits }))
    await store.imports.save({ groups: [], added, logins: [], limits: [] })
    await store.users.remove(1)
    expect(statSync(join(folder, 'proxyd.db')).mtimeMs).toBeGreaterThan(mtimeMs)
    expect(await store.users.count()).toBe(999)
  })
})

describe('the SQLite store', () => {
  it('shrinks the heap of its thread, and goes on', async () => {
    const open = await newPlace()
    const store = await open()
    await withShrinkableHeaps(() => store.shrink())
    await store.users.insert(bob)
    await withShrinkableHeaps(() => store.shrink())
    expect(await store.users.list()).toMatchObject([{ name: 'bob' }])
    await store.close()
  })

  it('makes a folder for its owner only, and files likewise', async () => {
    const folder = join(await temporaryFolder(), 'a', 'b')
    const store = await openStore(folder)
    await store.users.insert(bob)
    expect(mode(folder)).toBe('700')
    const files = readdirSync(folder)
    expect(files).toContain('proxyd.db')
    expect(files.map((file) => mode(join(folder, file)))).toEqual(files.map(() => '600'))
    await store.close()
  })

  it('takes an empty file, and what is left of one that is gone, for what was lost, and makes nothing new of it', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'proxyd.db')
    writeFileSync(file, '')
    await expect(openStore(folder)).rejects.toMatchObject({
      problem: 'corrupt',
      message: `${file} is damaged (it is empty): restore a backup, or have proxyd --recover-store save what can be read of it`,
    })
    renameSync(file, `${file}-wal`)
    await expect(openStore(folder)).rejects.toThrow(`${file} is gone, and ${file}-wal is left of it`)
    expect(readdirSync(folder)).toEqual(['proxyd.db-wal'])
  })

  it('takes a file away from other eyes', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'proxyd.db')
    await (await openStore(folder)).close()
    chmodSync(file, 0o644)
    await (await openStore(folder)).close()
    expect(mode(file)).toBe('600')
  })

  it('keeps what it has confirmed when its process is killed', async () => {
    const folder = await temporaryFolder()
    const child = startChild(`
      const store = await openStore(${JSON.stringify(folder)})
      await store.users.insert(${JSON.stringify(bob)})
      process.kill(process.pid, 'SIGKILL')`)
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
    const store = await openStore(folder)
    expect(await store.users.list()).toEqual([{ ...bob, id: 1 }])
    await store.close()
  })

  it('says nothing on stderr by itself', async () => {
    const child = startChild(`await (await openStore(${JSON.stringify(await temporaryFolder())})).close()`)
    expect(await text(child.stderr)).toBe('')
  })

  it.each(migrations.slice(1).map((_, i) => i + 1))(
    'brings what a proxyd of schema %i wrote up to date, and keeps it',
    async (version) => {
      const folder = await temporaryFolder()
      const database = new DatabaseSync(join(folder, 'proxyd.db'))
      for (const step of migrations.slice(0, version)) database.exec(step)
      database.exec(`PRAGMA user_version = ${version}`)
      const insert = database.prepare('INSERT INTO users (name, password, enabled, created) VALUES (?, ?, ?, ?)')
      for (const [name, enabled, created] of [
        ['dan', 0, 20],
        ['eve', 1, 30],
      ] as const)
        insert.run(name, bob.password, enabled, created)
      database.close()
      const store = await openStore(folder)
      expect(await store.users.list()).toEqual([
        { ...bob, id: 1, name: 'dan', enabled: false, created: 20 },
        { ...bob, id: 2, name: 'eve', created: 30 },
      ])
      expect(await store.users.insert(bob)).toBe(3)
      expect(await store.settings.load()).toEqual({ revision: 0, values: new Map() })
      expect(await store.bans.list()).toEqual([])
      expect(await store.known.load()).toBeUndefined()
      expect(await store.rules.load()).toBeUndefined()
      const rules = { revision: 7, text: 'deny to any # ü\n', ids: [16], nextId: 20 }
      await store.rules.save({ ...rules, revision: 6 })
      await store.rules.save(rules)
      await store.close()
      const again = await openStore(folder)
      expect(await again.rules.load()).toEqual(rules)
      await again.close()
    },
  )

  it('of an older schema is brought up to date by one of those who open it at once', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'proxyd.db')
    alter(file, `${migrations[0]}; PRAGMA user_version = 1; INSERT INTO users VALUES ('old', '${bob.password}', 1, 1)`)
    chmodSync(file, 0o600)
    const opened = await Promise.allSettled([1, 2, 3].map(() => openStore(folder)))
    const stores = opened.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))
    onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))))
    const refused = opened.flatMap((outcome) => (outcome.status === 'rejected' ? outcome.reason.problem : []))
    expect([stores.length, refused]).toEqual([1, ['locked', 'locked']])
    expect(await stores[0]?.users.list()).toMatchObject([{ name: 'old' }])
  })

  it('is for one daemon at a time', async () => {
    const folder = await temporaryFolder()
    const child = startChild(`
      const store = await openStore(${JSON.stringify(folder)})
      process.stdout.write('open')
      process.stdin.on('end', () => store.close()).resume()`)
    await once(child.stdout, 'data')
    await expectRefusal(folder, 'locked', '--state-dir')

    child.stdin.end()
    await once(child, 'exit')
    await (await openStore(folder)).close()
  })

  it('is for one owner in a process, too', async () => {
    const folder = await temporaryFolder()
    const store = await openStore(folder)
    await expectRefusal(folder, 'locked', '--state-dir')
    await expectRefusal(folder, 'locked', '--state-dir')
    await store.users.insert(bob)
    await store.close()
  })

  it('lets others go on while it waits', async () => {
    const folder = await temporaryFolder()
    const store = await openStore(folder)
    let isOver = false
    const second = openStore(folder).catch((error: unknown) => error)
    void second.then(() => (isOver = true))
    let turns = 0
    for (; !isOver; turns++) await setImmediate()
    expect(await second).toBeInstanceOf(StoreError)
    expect(turns).toBeGreaterThan(10)
    await store.close()
  })

  it.each([
    ['an error', `throw new Error('no memory is left')`, 'no memory is left'],
    ['its end', 'process.exit(1)', 'it ended'],
  ])('goes on after %s of its thread, with all that was confirmed', async (_, failure, reason) => {
    const file = join(await temporaryFolder(), 'thread.mjs')
    writeFileSync(
      file,
      `import { parentPort } from 'node:worker_threads'
      parentPort.on('message', ({ method }) => {
        if (method === 'decoySecret') ${failure}
      })
      await import(${JSON.stringify(new URL('../../daemon/store/store-thread.ts', import.meta.url).href)})`,
    )
    const store = await openStore(await temporaryFolder(), new ThreadFile(pathToFileURL(file)))
    onTestFinished(() => store.close())
    await store.users.insert(bob)
    void store.operators.decoySecret().catch(() => {})
    const lost = store.users.remove(1)
    await expect(lost).rejects.toMatchObject({ problem: 'failed', message: expect.stringContaining(reason) })
    expect(await store.users.list()).toEqual([{ ...bob, id: 1 }])
    expect(await store.users.insert({ ...bob, name: 'ann' })).toBe(2)

    await store.operators.decoySecret().catch(() => {})
    writeFileSync(file, 'of another version')
    await expect(store.users.list()).rejects.toMatchObject({
      problem: 'failed',
      message: expect.stringContaining('another program has been installed'),
    })
  })

  it('refuses a folder that cannot be made', async () => {
    const file = join(await temporaryFolder(), 'file')
    writeFileSync(file, '')
    await expectRefusal(join(file, 'state'), 'unwritable', '--state-dir')
  })

  it.each(['/proc/proxyd', '/proc/proxyd/state'])('refuses %s, where no folder can be made', async (folder) => {
    const child = startChild(`
      await openStore(${JSON.stringify(folder)}).catch(({ problem, message }) => console.log(problem + ': ' + message))`)
    expect(await text(child.stdout)).toMatch(/^unwritable: cannot write \/proc\/proxyd.* --state-dir\n$/)
  })

  it.each([
    ['file/state', /file is not a folder: choose another place/],
    ['dangling', /dangling is a symbolic link that leads nowhere: mend that, or choose/],
    ['dangling/state', /dangling is a symbolic link that leads nowhere: mend that, or choose/],
    ['x'.repeat(300), /longer than the system takes: choose/],
    ['open/state', /others can write to .*open, and/],
  ])('refuses %s in the words in which that is foreseen, and makes nothing', async (name, why) => {
    const folder = await temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    symlinkSync('nowhere', join(folder, 'dangling'))
    mkdirSync(join(folder, 'open'))
    chmodSync(join(folder, 'open'), 0o777)
    const state = join(folder, name)
    expect(() => foreseeFolder(state)).toThrow(why)
    await expect(openStore(state)).rejects.toThrow(why)
    expect([readdirSync(folder), readdirSync(join(folder, 'open'))]).toEqual([['dangling', 'file', 'open'], []])
  })

  it.runIf(process.geteuid?.() === 0)('refuses a database of root, unless it is root, and foresees that', async () => {
    const folder = await temporaryFolder()
    await (await openStore(folder)).close()
    chownSync(folder, 65_534, 65_534)
    const child = startChild(`
      process.setegid(65534), process.seteuid(65534)
      const { foreseeStore } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../daemon/store/sqlite-store.ts')))})
      try { foreseeStore(${JSON.stringify(folder)}) } catch ({ problem, message }) { console.log(problem + ': ' + message) }
      await openStore(${JSON.stringify(folder)}).catch(({ problem, message }) => console.log(problem + ': ' + message))`)
    const line = `unwritable: ${folder}/proxyd.db belongs to another user (0): make it your own, or choose another place with --state-dir\n`
    expect(await text(child.stdout)).toBe(line + line)
  })

  it('refuses a file in the place of its folder', async () => {
    const file = join(await temporaryFolder(), 'file')
    writeFileSync(file, '')
    await expectRefusal(file, 'unwritable', 'is not a folder')
  })

  it('refuses a database that is a folder', async () => {
    const folder = await temporaryFolder()
    mkdirSync(join(folder, 'proxyd.db'))
    await expectRefusal(folder, 'unwritable', '--state-dir')
  })

  it('refuses a folder that it may not write to', async () => {
    const folder = await temporaryFolder()
    chmodSync(folder, 0o555)
    const child = startChild(`
      if (process.getuid() === 0) process.seteuid(65534)
      await openStore(${JSON.stringify(folder)}).catch(({ problem, message }) => console.log(problem + ': ' + message))`)
    expect(await text(child.stdout)).toMatch(
      /^unwritable: cannot write \S+: this user has no right to it: grant that, or choose .* --state-dir\n$/,
    )
  })

  it.each([0o777, 0o1777, 0o775])('refuses a folder of mode %o, where others can put a database', async (mode) => {
    const folder = await temporaryFolder()
    await (await openStore(folder)).close()
    chmodSync(folder, mode)
    await expectRefusal(folder, 'foreign', `chmod go-w ${folder}`)
    chmodSync(folder, 0o755)
    await (await openStore(folder)).close()
  })

  it.each([0o777, 0o757])('refuses a folder below one of mode %o, where others can put another one', async (mode) => {
    const above = await temporaryFolder()
    const folder = join(above, 'between', 'state')
    await (await openStore(folder)).close()
    chmodSync(above, mode)
    await expectRefusal(folder, 'foreign', `chmod go-w ${above}`)
    // Nor by another name.
    const link = join(await temporaryFolder(), 'link')
    symlinkSync(folder, link)
    await expectRefusal(link, 'foreign', `chmod go-w ${above}`)
    // There they may only add what is theirs.
    chmodSync(above, 0o1777)
    await (await openStore(folder)).close()
  })

  it.runIf(process.geteuid?.() === 0)('refuses a folder below one of a group that is not its own', async () => {
    const above = await temporaryFolder()
    const folder = join(above, 'state')
    await (await openStore(folder)).close()
    chmodSync(above, 0o770)
    await (await openStore(folder)).close()
    chownSync(above, 0, 65_534)
    await expectRefusal(folder, 'foreign', `chmod go-w ${above}`)
  })

  it('refuses a database that others can write', async () => {
    const folder = await temporaryFolder()
    await (await openStore(folder)).close()
    chmodSync(join(folder, 'proxyd.db'), 0o666)
    await expectRefusal(folder, 'foreign', 'chmod go-w')
  })

  it.runIf(process.geteuid?.() === 0).each([
    ['a folder', ''],
    ['a database', 'proxyd.db'],
    ['a log of changes', 'proxyd.db-wal'],
  ])("refuses %s of somebody else's", async (_, name) => {
    const folder = await temporaryFolder()
    await (await openStore(folder)).close()
    const path = join(folder, name)
    if (name.endsWith('-wal')) writeFileSync(path, '')
    chownSync(path, 65_534, 65_534)
    await expectRefusal(folder, 'foreign', 'belongs to another user')
  })

  it('refuses a file that is no database', async () => {
    const folder = await temporaryFolder()
    writeFileSync(join(folder, 'proxyd.db'), 'no database at all, '.repeat(500))
    await expectRefusal(folder, 'corrupt', 'restore a backup')
  })

  it('refuses a database with a damaged page', async () => {
    const folder = await temporaryFolder()
    const store = await openStore(folder)
    for (let i = 0; i < 300; i++) await store.users.insert({ ...bob, name: `user${i}`, password: 'x'.repeat(100) })
    await store.close()
    const file = openSync(join(folder, 'proxyd.db'), 'r+')
    writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, 2 * 4096)
    closeSync(file)
    await expectRefusal(folder, 'corrupt', 'restore a backup')
  })

  it.each([
    ['with changes that lie only in their log', true],
    ['without a log of changes', false],
  ])('leaves a damaged database %s as it is', async (_, hasLog) => {
    const folder = await temporaryFolder()
    const file = await makeStore(folder, 300)
    if (hasLog) leaveLog(file)
    damagePage(file, 12)
    const before = contents(folder)
    expect(before.has('proxyd.db-wal')).toBe(hasLog)
    await expectRefusal(folder, 'corrupt', '--recover-store')
    await expectRefusal(folder, 'corrupt', '--recover-store')
    expect(contents(folder)).toEqual(before)
  })

  it('reads what a killed daemon has left in the log of changes, and leaves no file beside', async () => {
    const folder = await temporaryFolder()
    const file = await makeStore(folder)
    leaveLog(file)
    const store = await openStore(folder)
    expect(await store.groups.list()).toMatchObject([{ name: 'late' }])
    expect(readdirSync(folder).sort()).toEqual(['proxyd.db', 'proxyd.db-wal'])
    await store.close()
    expect(readdirSync(folder)).toEqual(['proxyd.db'])
  })

  it('refuses a schema that is newer than it knows', async () => {
    const folder = await temporaryFolder()
    await (await openStore(folder)).close()
    const database = new DatabaseSync(join(folder, 'proxyd.db'))
    database.exec('PRAGMA user_version = 1000')
    database.close()
    await expectRefusal(folder, 'newer', 'upgrade')
  })

  it('explains a failure while it is open', async () => {
    const folder = await temporaryFolder()
    const store = await openStore(folder)
    await store.close()
    await expect(store.users.insert(bob)).rejects.toSatisfy((error: StoreError) => error.problem === 'failed')
  })
})

/** Expects one line that names the place and the mend. */
async function expectRefusal(folder: string, problem: StoreError['problem'], mend: string): Promise<void> {
  const error = await openStore(folder).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(StoreError)
  const { problem: actual, message } = error as StoreError
  expect(actual).toBe(problem)
  expect(message).toContain(folder)
  expect(message).toContain(mend)
  expect(message).not.toContain('\n')
}

/** Another process with `openStore` at hand; it is gone when the test ends. */
function startChild(code: string) {
  const source = new URL('../../daemon/store/open-store.ts', import.meta.url).href
  const script = `import { openStore } from ${JSON.stringify(source)}\n${code}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script])
  onTestFinished(() => ended(child))
  return child
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}
