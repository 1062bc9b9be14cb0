import { expect, it } from 'vitest'
import { noLimits } from '../../daemon/access/accounts.ts'
import { Usage } from '../../daemon/limits/usage.ts'
import { type UsageBatch, type UsageStore, usageCells, usageWidth } from '../../daemon/store/store.ts'

class FakeStore implements UsageStore {
  readonly batches: UsageBatch[] = []
  /** `lost`: it has the batch, and nobody hears of it. */
  fails: 'no' | 'full' | 'lost' = 'no'

  async list(): Promise<[]> {
    return []
  }

  async save(batch: UsageBatch): Promise<void> {
    if (this.fails !== 'full' && this.batches.at(-1)?.number !== batch.number) this.batches.push(batch)
    if (this.fails !== 'no') throw new Error('the disk is full')
  }

  async read(): Promise<[]> {
    return []
  }

  /** By user: up, down and connections of all batches together. */
  get sums(): Record<number, [number, number, number]> {
    const sums: Record<number, [number, number, number]> = {}
    for (const { rows } of this.batches) {
      for (let at = 0; at < rows.length; at += usageWidth) {
        const cell = (name: keyof typeof usageCells) => rows[at + usageCells[name]] ?? Number.NaN
        const [up, down, connections] = sums[cell('user')] ?? [0, 0, 0]
        sums[cell('user')] = [up + cell('moreUp'), down + cell('moreDown'), connections + cell('moreConnections')]
      }
    }
    return sums
  }
}

function accountOf(index: number, id: number | undefined) {
  const password = { salt: Buffer.alloc(16), key: Buffer.alloc(32), cost: 1 } as never
  return { name: `user${id}`, index, id, password, enabled: true, created: 0, ...noLimits }
}

function begin() {
  const store = new FakeStore()
  const usage = new Usage(store)
  const moved = [0, 0, 0].map(() => ({ up: 0, down: 0, ended: 0 }))
  const of = (index: number) => moved[index] ?? { up: 0, down: 0, ended: 0 }
  usage.follow({ of, up: (index) => of(index).up, down: (index) => of(index).down, ended: (index) => of(index).ended })
  const move = (index: number, up: number) => {
    moved[index] = { up: of(index).up + up, down: of(index).down + 2 * up, ended: of(index).ended + 1 }
  }
  return { store, usage, move }
}

it('knows of whom the store is to be given something', async () => {
  const { usage, move } = begin()
  usage.load([accountOf(1, 7)], [])
  expect(usage.isGiven(1)).toBe(true)
  move(1, 10)
  expect(usage.isGiven(1)).toBe(false)
  await usage.save(1)
  expect(usage.isGiven(1)).toBe(true)
  // A connection that ends without another byte, and a mark.
  move(1, 0)
  expect([usage.moved(1), usage.isGiven(1)]).toEqual([usage.given(1), false])
  await usage.save(2)
  usage.mark(1, 5)
  expect(usage.isGiven(1)).toBe(false)
  await usage.save(3)
  expect(usage.isGiven(1)).toBe(true)
  usage.begin(accountOf(1, 8))
  expect(usage.isGiven(1)).toBe(true)
})

it('gives the store what was moved since the last time, and nothing where nothing was', async () => {
  const { store, usage, move } = begin()
  usage.load([accountOf(1, 7), accountOf(2, undefined)], [])
  move(0, 1)
  move(1, 10)
  move(2, 100)
  await usage.save(5)
  await usage.save(6)
  move(1, 1000)
  await usage.save(7)
  expect(store.batches.map(({ time }) => time)).toEqual([5, 7])
  expect(store.sums).toEqual({ 0: [1, 2, 1], 7: [1010, 2020, 2], '-1': [100, 200, 1] })
})

it.each(['full', 'lost'] as const)('loses and doubles nothing when a save fails (%s)', async (fails) => {
  const { store, usage, move } = begin()
  usage.load([accountOf(1, 7)], [])
  move(1, 1)
  store.fails = fails
  await expect(usage.save(1)).rejects.toThrow()
  move(1, 2)
  await expect(usage.save(2)).rejects.toThrow()
  store.fails = 'no'
  move(1, 4)
  await usage.save(3)
  expect(store.sums).toEqual({ 7: [7, 14, 3] })
})

it('counts what was moved after the last save by who had an index before to nobody else', async () => {
  const { store, usage, move } = begin()
  usage.load([accountOf(1, 7)], [])
  move(1, 1)
  await usage.save(1)
  move(1, 2)
  usage.begin(accountOf(1, 8))
  move(1, 4)
  await usage.save(2)
  expect(store.sums).toEqual({ 7: [1, 2, 1], '-1': [2, 4, 1], 8: [4, 8, 1] })
})

it('counts once what another process has moved, and that one learns what is moved everywhere', async () => {
  const [here, there] = [begin(), begin()]
  here.usage.load([accountOf(1, 7)], [{ user: 7, up: 1000, down: 2000, mark: 0, marked: 0 }])
  // The same user has another index there, and one who is gone here is still served.
  there.usage.load([accountOf(1, 8), accountOf(2, 7)], [{ user: 7, up: 1000, down: 2000, mark: 0, marked: 0 }])
  here.move(1, 10)
  there.move(0, 1)
  there.move(1, 5)
  there.move(2, 100)
  await there.usage.save(1)
  const [batch] = there.store.batches
  const other = { run: 1, number: 1, rows: [...(batch?.rows ?? [])] }
  expect(here.usage.add(other)).toEqual([{ user: 7, up: 1110, down: 2220, mark: 0, marked: 0 }])
  expect(here.usage.add(other)).toEqual([{ user: 7, up: 1110, down: 2220, mark: 0, marked: 0 }])
  await here.usage.save(2)
  expect(here.store.sums).toEqual({ 0: [1, 2, 1], 7: [110, 220, 2], [-1]: [5, 10, 1] })

  there.move(2, 1)
  there.usage.correct(here.usage.add(other))
  expect([here.usage.total(1), there.usage.total(2)]).toEqual([3330, 3333])

  // Both begin a quota anew before that process has heard of the last.
  here.move(1, 20)
  here.usage.mark(1, 5)
  there.usage.mark(2, 6)
  there.usage.correct(here.usage.add(other))
  expect([here.usage.used(1), there.usage.used(2), there.usage.marked(2)]).toEqual([0, 3, 5])
})

it('tells what the store may not have, of which the next batch has all', async () => {
  const { store, usage, move } = begin()
  usage.load([accountOf(1, 7)], [])
  expect(usage.unstored(0)).toEqual([])
  move(1, 10)
  store.fails = 'lost'
  await expect(usage.save(0)).rejects.toThrow()
  expect(usage.unstored(0)).toMatchObject([{ number: 1 }])
  move(1, 5)
  const [first, second] = usage.unstored(1)
  expect([first, second?.number]).toEqual([store.batches[0], 2])
  expect(second?.rows[usageCells.moreUp]).toBe(5)
  move(1, 2)
  store.fails = 'no'
  await usage.save(2)
  expect([store.sums, store.batches[1]?.number]).toEqual([{ 7: [17, 34, 3] }, 2])
  expect(usage.unstored(3)).toEqual([])
})
