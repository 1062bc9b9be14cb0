import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openStore } from '../../daemon/store/open-store.ts'
import { type StoredWatch, StoreError, type WatchStore } from '../../daemon/store/store.ts'
import { Watches, type WatchesOptions } from '../../daemon/watches/watches.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

class FakeStore implements WatchStore {
  readonly rows = new Map<string, StoredWatch>()
  isFull = false

  async list(): Promise<StoredWatch[]> {
    return [...this.rows.values()]
  }

  async insert(row: StoredWatch): Promise<boolean> {
    if (this.isFull) throw new StoreError('failed', 'the disk is full')
    if (this.rows.has(row.name)) return false
    this.rows.set(row.name, row)
    return true
  }

  async learn({ name, created, seen }: Pick<StoredWatch, 'name' | 'created' | 'seen'>): Promise<void> {
    const row = this.rows.get(name)
    if (row?.created === created) this.rows.set(name, { ...row, seen })
  }

  async remove(name: string): Promise<void> {
    if (this.isFull) throw new StoreError('failed', 'the disk is full')
    this.rows.delete(name)
  }
}

function optionsWith(fields: Partial<WatchesOptions> = {}): WatchesOptions {
  return {
    store: new FakeStore(),
    moved: () => 0,
    sessions: () => ({ look: () => [] }),
    nameOf: () => 'bob',
    near: () => [],
    watchLogins: () => () => {},
    warn: () => {},
    ...fields,
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }))
afterEach(() => void vi.useRealTimers())

test('nothing is looked at without a watch that wants it', async () => {
  const asked: string[] = []
  const watches = await Watches.load(
    optionsWith({
      moved: () => asked.push('counters'),
      sessions: () => {
        const look = () => {
          asked.push('sessions')
          return []
        }
        return { look }
      },
      watchLogins: () => {
        asked.push('logins')
        return () => void asked.push('no more logins')
      },
    }),
  )
  const lookedAt = () => {
    vi.advanceTimersByTime(3000)
    return new Set(asked.splice(0))
  }
  expect(lookedAt()).toEqual(new Set())
  await watches.add({ name: 'a', text: 'login-failures>2' }, 'ann')
  expect(lookedAt()).toEqual(new Set(['logins']))
  await watches.add({ name: 'b', text: 'new-destination user:bob' }, 'ann')
  expect(lookedAt()).toEqual(new Set(['sessions']))
  await watches.add({ name: 'c', text: 'rate>1' }, 'ann')
  await watches.remove('a')
  await watches.remove('b')
  expect(lookedAt()).toEqual(new Set(['no more logins', 'counters']))
  await watches.remove('c')
  expect(lookedAt()).toEqual(new Set())
  expect(vi.getTimerCount()).toBe(0)
})

test('who listens is told of what fires, and it is counted', async () => {
  let total = 0
  const watches = await Watches.load(optionsWith({ moved: () => (total += 5000) }))
  await watches.add({ name: 'big', text: 'rate>1k for 2s' }, 'ann')
  const heard: unknown[] = []
  const stop = watches.watch((notice) => heard.push(notice))
  vi.advanceTimersByTime(5000)
  expect(heard).toEqual([
    {
      watch: 'big',
      time: expect.any(Number),
      state: 'firing',
      subject: 'all',
      text: 'all: 4.88 KiB/s, above 1.00 KiB/s for 2s',
    },
  ])
  expect(watches.list()).toMatchObject([
    { name: 'big', text: 'rate>1KiB/s for 2s', by: 'ann', firing: ['all'], fired: 1 },
  ])
  stop()
})

test('failed logins from all over a /64 of IPv6 are those of one source', async () => {
  let fail = (_: Uint8Array): void => {}
  const watchLogins = (listener: typeof fail) => {
    fail = listener
    return () => {}
  }
  const watches = await Watches.load(optionsWith({ watchLogins }))
  await watches.add({ name: 'guesses', text: 'login-failures>2 for 1m' }, 'ann')
  for (let i = 1; i <= 3; i++) fail(Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, i))
  for (let i = 1; i <= 3; i++) fail(Uint8Array.of(192, 0, 2, i))
  vi.advanceTimersByTime(1000)
  expect(watches.list()).toMatchObject([{ firing: ['2001:db8:1:2::/64'] }])
})

test('changes that make no sense or cannot be stored are refused, and change nothing', async () => {
  const store = new FakeStore()
  const watches = await Watches.load(optionsWith({ store }))
  const add = (name: string, text: string) => watches.add({ name, text }, 'ann')
  await expect(add('a', 'nonsense')).rejects.toMatchObject({ kind: 'invalid' })
  await expect(add('a', 'rate>1 src:10.0.0.1/8')).rejects.toThrow(/write 10\.0\.0\.0\/8/)
  await expect(add('a', 'login-failures>10001 for 1d')).rejects.toThrow(/takes 10000 at most/)
  await add('a', 'near-limit')
  await expect(add('a', 'near-limit')).rejects.toMatchObject({ kind: 'exists' })
  await expect(watches.remove('b')).rejects.toMatchObject({ kind: 'not_found' })
  store.isFull = true
  await expect(add('b', 'near-limit')).rejects.toMatchObject({ kind: 'unavailable' })
  expect(watches.list()).toHaveLength(1)
  expect(await watches.remove('a')).toEqual({ text: 'near-limit', stored: false })
  store.isFull = false
  for (let i = 0; i < 100; i++) await add(`n${i}`, 'near-limit')
  await expect(add('one-more', 'near-limit')).rejects.toMatchObject({ kind: 'conflict' })
})

test('watches, and where a user has been, outlast a restart', async () => {
  vi.useRealTimers()
  const folder = await temporaryFolder()
  const looks = [[{ user: 1, source: new Uint8Array(4), host: 'a.example', moved: 0 }]]
  const run = async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    const store = await openStore(folder)
    const watches = await Watches.load(
      optionsWith({ store: store.watches, sessions: () => ({ look: () => looks[0] ?? [] }) }),
    )
    const told: string[] = []
    watches.watch(({ text }) => told.push(text))
    const end = async () => {
      vi.advanceTimersByTime(2000)
      await watches.close()
      await store.close()
      vi.useRealTimers()
      return told
    }
    return { watches, end }
  }
  const first = await run()
  await first.watches.add({ name: 'bob', text: 'new-destination user:bob' }, 'ann')
  await first.watches.add({ name: 'all', text: 'rate>1MB/s' }, 'ann')
  expect(await first.end()).toEqual(['bob goes to a.example for the first time'])
  const second = await run()
  expect(second.watches.list().map(({ name, text, by }) => [name, text, by])).toEqual([
    ['bob', 'new-destination user:bob', 'ann'],
    ['all', 'rate>1MB/s for 30s', 'ann'],
  ])
  expect(await second.end()).toEqual([])
  // One that remembers as many as it can remembers the last.
  const hosts = Array.from({ length: 2000 }, (_, i) => `${i}.example`)
  looks[0] = hosts.map((host) => ({ user: 1, source: new Uint8Array(4), host, moved: 0 }))
  await (await run()).end()
  looks[0] = looks[0].slice(-5)
  expect(await (await run()).end()).toEqual([])
  looks[0] = [{ user: 1, source: new Uint8Array(4), host: 'last.example', moved: 0 }]
  expect(await (await run()).end()).toHaveLength(1)
  expect(await (await run()).end()).toEqual([])
})

test('of two that come at once under one name the first stays, on the disk too, and the last place is given once', async () => {
  const store = new FakeStore()
  const watches = await Watches.load(optionsWith({ store }))
  const addAll = (texts: readonly (readonly [string, string])[]) =>
    Promise.allSettled(texts.map(([name, text]) => watches.add({ name, text }, 'ann')))
  const outcomes = await addAll([
    ['a', 'near-limit'],
    ['a', 'rate>1'],
  ])
  expect(outcomes).toMatchObject([{ status: 'fulfilled' }, { reason: { kind: 'exists' } }])
  expect([store.rows.get('a')?.text, watches.list()[0]?.text]).toEqual(['near-limit', 'near-limit'])
  await addAll(Array.from({ length: 105 }, (_, i) => [`b${i}`, 'near-limit'] as const))
  expect([watches.list().length, store.rows.size]).toEqual([100, 100])
})

test('destinations that another daemon has seen are none that are new, and are not stored again', async () => {
  const store = new FakeStore()
  const here = await Watches.load(optionsWith({ store }))
  await here.add({ name: 'a', text: 'new-destination user:bob' }, 'ann')
  const stored = store.rows.get('a') as StoredWatch
  store.rows.set('a', { ...stored, seen: ['a.example', 'b.example'] })
  await here.adopt()
  const learn = vi.spyOn(store, 'learn')
  await here.close()
  expect(learn).not.toHaveBeenCalled()
})

test('what another daemon has changed is taken over, and what is looked out for already goes on', async () => {
  const store = new FakeStore()
  let total = 0
  const here = await Watches.load(optionsWith({ store, moved: () => (total += 50_000) }))
  for (const name of ['a', 'b', 'c']) await here.add({ name, text: 'rate>1k for 2s' }, 'ann')
  vi.advanceTimersByTime(5000)
  const there = await Watches.load(optionsWith({ store }))
  await there.remove('b')
  await there.remove('c')
  await there.add({ name: 'c', text: 'near-limit' }, 'bob')
  await there.add({ name: 'd', text: 'login-failures>2' }, 'bob')
  await here.adopt()
  expect(here.list()).toMatchObject([
    { name: 'a', firing: ['all'], fired: 1 },
    { name: 'c', text: 'near-limit', fired: 0 },
    { name: 'd', by: 'bob' },
  ])
  store.isFull = true
  await here.remove('a')
  await here.adopt()
  expect(here.list().map(({ name }) => name)).toEqual(['c', 'd'])
  await expect(there.add({ name: 'd', text: 'near-limit' }, 'bob')).rejects.toMatchObject({ kind: 'exists' })
  // One whose removal is not stored can come again all the same.
  store.isFull = false
  await here.add({ name: 'a', text: 'near-limit' }, 'ann')
  expect(store.rows.get('a')?.text).toBe('near-limit')
  await Promise.all([here.close(), there.close()])
})

test('one that another daemon has added a moment ago is not added again', async () => {
  const store = new FakeStore()
  const [here, there] = [await Watches.load(optionsWith({ store })), await Watches.load(optionsWith({ store }))]
  await there.add({ name: 'a', text: 'near-limit' }, 'bob')
  await expect(here.add({ name: 'a', text: 'rate>1k for 2s' }, 'ann')).rejects.toMatchObject({ kind: 'exists' })
  expect(store.rows.get('a')).toMatchObject({ text: 'near-limit', by: 'bob' })
  expect(here.list()).toEqual([])
  await Promise.all([here.close(), there.close()])
})

test('one of which it is not known what it has seen looks out all the same, and that is told', async () => {
  const store = new FakeStore()
  const warned: string[] = []
  await store.insert({ created: 1, by: 'ann', name: 'big', text: 'rate>10MB/s for 30s', seen: undefined })
  const watches = await Watches.load(optionsWith({ store, warn: (message) => warned.push(message) }))
  await watches.adopt()
  expect(watches.list()).toMatchObject([{ name: 'big' }])
  expect(warned).toEqual(['what the stored watch big has seen is damaged: to it all is new again'])
  await watches.close()
})

test('what another version of proxyd has stored is told of, and keeps nothing else from being looked out for', async () => {
  const store = new FakeStore()
  const warned: string[] = []
  const row = { created: 1, by: 'ann', seen: [] }
  await store.insert({ ...row, name: 'later', text: 'to-come>5' })
  await store.insert({ ...row, name: 'big', text: 'rate>10MB/s for 30s' })
  const watches = await Watches.load(optionsWith({ store, warn: (message) => warned.push(message) }))
  await store.insert({ ...row, name: 'bigger', text: 'rate>20MB/s for 30s' })
  await watches.adopt()
  expect(watches.list().map(({ name }) => name)).toEqual(['big', 'bigger'])
  expect(warned).toEqual(
    Array(2).fill(expect.stringMatching(/^the stored watch later is ignored: a watch begins with/)),
  )
  await watches.add({ name: 'later', text: 'near-limit' }, 'ann')
  expect(store.rows.get('later')?.text).toBe('near-limit')
  await watches.close()
})
