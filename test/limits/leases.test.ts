import { beforeEach, describe, expect, it } from 'vitest'
import { type Account, Accounts, noLimits } from '../../daemon/access/accounts.ts'
import { Groups } from '../../daemon/access/groups.ts'
import { scryptParameters } from '../../daemon/access/password-hash.ts'
import { Leases, type WhenAway } from '../../daemon/limits/leases.ts'
import { LimitKeeper } from '../../daemon/limits/limit-keeper.ts'
import { Usage } from '../../daemon/limits/usage.ts'
import { grant, type Stake, stakeOf } from '../../daemon/store/lease-shares.ts'
import {
  type LeaseAsk,
  type LeaseStore,
  leaseAskPeriod,
  leaseTime,
  type UsageBatch,
  usageCells,
} from '../../daemon/store/store.ts'
import type { Limits } from '../../shared/limits.ts'

const password = { ...scryptParameters, salt: Buffer.alloc(16), key: Buffer.alloc(32) }
const MiB = 2 ** 20
/** Milliseconds from one look to the next. */
const turn = 250

let now: number
let store: FakeStore
let whenAway: WhenAway

beforeEach(() => {
  now = 1_000_000
  store = new FakeStore()
  whenAway = 'limit'
})

/** One user's, for all nodes. */
class FakeStore {
  readonly stakes = new Map<number, Stake & { readonly until: number }>()
  readonly asked = new Map<number, number>()
  learning = { since: 0, until: 0 }
  used = 0
  batches = 0
  asks: (LeaseAsk & { readonly node: number })[] = []
  isAway = false
  isSilent = false

  of(node: number): LeaseStore {
    return {
      refresh: async (asks) => {
        if (this.isSilent) await new Promise(() => {})
        if (this.isAway) throw new Error('the database does not answer')
        const asked = this.asked.get(node) ?? now
        if (now - asked > 3 * leaseAskPeriod) this.learning = { since: asked, until: now + leaseTime }
        this.asked.set(node, now)
        const since = now < this.learning.until ? this.learning.since : now
        return asks.map((ask) => {
          const held = [...this.stakes].filter(([, { until }]) => until > since)
          const others = held.filter(([name]) => name !== node).map(([, stake]) => stake)
          const lease = grant(ask, new Map(held).get(node), others, this.used)
          this.asks.push({ ...ask, node })
          this.stakes.set(node, { ...stakeOf(ask, lease), until: now + leaseTime })
          return lease
        })
      },
      release: async () => void this.stakes.delete(node),
      totals: async () => [{ user: 7, up: 0, down: this.used, mark: 0, marked: 1 }],
    }
  }

  async save({ rows }: UsageBatch): Promise<void> {
    if (this.isAway) throw new Error('the database does not answer')
    this.batches++
    this.used += rows[usageCells.moreDown] ?? 0
  }
}

/** A daemon, and Bob's traffic on it. */
class Node {
  down = 0
  live = 0
  refused = 0
  /** As the loops have it. */
  line: { rateDown?: number | undefined; maxConnections?: number | undefined; over?: number | undefined } = {}
  left: number | undefined
  readonly told: string[] = []
  readonly bob: Account
  readonly leases: Leases
  readonly keeper: LimitKeeper
  readonly usage: Usage
  forgot = 0

  constructor(name: number, limits: Limits) {
    const accounts = new Accounts()
    this.bob = accounts.add({ name: 'bob', id: 7, password, enabled: true, created: 0, ...noLimits, limits })
    this.usage = new Usage({ list: async () => [], read: async () => [], save: (batch) => store.save(batch) })
    const of = () => ({ up: 0, down: this.down })
    this.usage.follow({ of, up: () => 0, down: (index) => (index === 1 ? this.down : 0), ended: () => 0 })
    this.usage.begin(this.bob)
    this.usage.agree(1, { up: 0, down: store.used, mark: 0, marked: 1 })
    const tell = (text: string) => this.told.push(text)
    const common = { accounts, usage: this.usage, tell }
    this.leases = new Leases({ ...common, store: store.of(name), whenAway: () => whenAway, now: () => now })
    this.keeper = new LimitKeeper({
      ...{ ...common, groups: new Groups(), shares: this.leases },
      lines: {
        set: (_, line) => {
          this.line = line
        },
        setQuota: (_, left) => {
          this.left = left
        },
        bar: () => {},
        clear: () => {},
        sources: () => 0,
        refusals: () => 0,
      },
    })
    this.leases.follow({
      limits: (account) => this.keeper.effective.of(account),
      up: () => 0,
      down: () => this.down,
      live: () => this.live,
      refused: () => this.refused,
      write: (some) => this.keeper.writeAll(some),
      forget: async () => this.forgot++,
    })
  }

  /** As a loop judges. */
  connect(): boolean {
    const comes = this.live < (this.line.maxConnections ?? Number.POSITIVE_INFINITY)
    if (comes) this.live++
    else this.refused++
    return comes
  }

  /** As many as may be. */
  crowd(): void {
    while (this.connect());
  }

  /** What a loop lets through of so many bytes a second, in one turn. */
  move(wanted: number): void {
    const isUsedUp = this.left !== undefined && this.left <= 0
    const most = isUsedUp ? (this.line.over ?? 0) : Math.min(wanted, this.line.rateDown ?? wanted)
    const bytes = Math.floor((most * turn) / 1000)
    this.down += isUsedUp || this.left === undefined ? bytes : Math.min(bytes, this.left * 1024)
    this.keeper.look()
  }

  look(): Promise<void> {
    return this.leases.look()
  }
}

async function turns(count: number, each: () => void, ...nodes: Node[]): Promise<void> {
  for (let i = 0; i < count; i++) {
    now += turn
    each()
    for (const node of nodes) await node.look()
  }
}

function nodesWith(limits: Limits, count = 3): Node[] {
  return Array.from({ length: count }, (_, i) => new Node(i, limits))
}

it('asks nothing for a user without a limit that others have a part of', async () => {
  const node = new Node(0, { sources: ['10.0.0.0/8'] })
  await node.leases.prepare(node.bob)
  node.live = 3
  await turns(10, () => {}, node)
  expect(store.asks).toEqual([])
  expect(node.line.maxConnections).toBeUndefined()
})

describe('connections', () => {
  it('are none before a login has asked, and then come at once', async () => {
    const node = new Node(0, { 'max-connections': 20 })
    expect(node.connect()).toBe(false)
    await node.leases.prepare(node.bob)
    expect(node.connect()).toBe(true)
    expect(store.asks).toHaveLength(1)
  })

  it('are never more than the limit over all nodes, and as many as that in the end', async () => {
    const nodes = nodesWith({ 'max-connections': 20 })
    await Promise.all(nodes.map((node) => node.leases.prepare(node.bob)))
    let most = 0
    const all = () => nodes.reduce((sum, { live }) => sum + live, 0)
    await turns(
      40,
      () => {
        for (let i = 0; i < 60; i++) {
          nodes[i % 3]?.connect()
          most = Math.max(most, all())
        }
      },
      ...nodes,
    )
    expect(most).toBeLessThanOrEqual(20)
    expect(all()).toBe(20)
    for (const { live } of nodes) expect(live).toBeGreaterThan(0)
  })

  it('move to where they are wanted when others end', async () => {
    const [one, two] = nodesWith({ 'max-connections': 20 }, 2) as [Node, Node]
    await one.leases.prepare(one.bob)
    await turns(20, () => one.crowd(), one, two)
    expect(one.live).toBe(20)
    one.live = 2
    await turns(40, () => two.crowd(), one, two)
    expect(two.live).toBeGreaterThanOrEqual(17)
    expect(one.live + two.live).toBeLessThanOrEqual(20)
  })

  it('are given back when the user has been gone for a minute, and the next login asks again', async () => {
    const node = new Node(0, { 'max-connections': 20 })
    await node.leases.prepare(node.bob)
    node.connect()
    node.live = 0
    await turns(4 * 62, () => {}, node)
    expect(store.stakes.size).toBe(0)
    expect(node.forgot).toBe(1)
    expect(node.connect()).toBe(false)
    await node.leases.prepare(node.bob)
    expect(node.connect()).toBe(true)
  })

  it('of a dead node are free again after a minute', async () => {
    const [dead, other] = nodesWith({ 'max-connections': 20 }, 2) as [Node, Node]
    await dead.leases.prepare(dead.bob)
    await turns(20, () => dead.crowd(), dead)
    now += leaseTime + 1
    await other.leases.prepare(other.bob)
    await turns(20, () => other.crowd(), other)
    expect(other.live).toBe(20)
  })
})

describe('a quota', () => {
  it('is spent by three nodes at once to two percent, and nobody is cut off before', async () => {
    const quota = 1024 * MiB
    const nodes = nodesWith({ quota })
    await Promise.all(nodes.map((node) => node.leases.prepare(node.bob)))
    const speeds = [400 * MiB, 100 * MiB, 3 * MiB]
    const all = () => nodes.reduce((sum, { down }) => sum + down, 0)
    for (const node of nodes) node.live = 1
    for (let i = 0; i < 400 && all() < quota; i++) {
      await turns(1, () => nodes.forEach((node, j) => void node.move(speeds[j] ?? 0)), ...nodes)
      if (all() < 0.98 * quota) for (const { line } of nodes) expect(line.over).toBeGreaterThan(0)
    }
    await turns(10, () => nodes.forEach((node) => void node.move(400 * MiB)), ...nodes)
    expect(all()).toBeGreaterThan(0.98 * quota)
    expect(all()).toBeLessThan(1.02 * quota)
    for (const { line } of nodes) expect(line.over).toBeUndefined()
  })

  it('goes on elsewhere with what a node does not need any more', async () => {
    const quota = 100 * MiB
    const [one, two] = nodesWith({ quota }, 2) as [Node, Node]
    await one.leases.prepare(one.bob)
    one.live = 1
    await turns(8, () => one.move(20 * MiB), one)
    one.live = 0
    await two.leases.prepare(two.bob)
    two.live = 1
    await turns(4 * 70, () => two.move(10 * MiB), one, two)
    expect(one.down + two.down).toBeGreaterThan(0.98 * quota)
    expect(one.down + two.down).toBeLessThan(1.02 * quota)
  })
})

describe('a rate', () => {
  const rate = 10_000_000

  it('is shared by who takes how much, within ten percent after five seconds', async () => {
    const nodes = nodesWith({ 'rate-down': rate })
    await Promise.all(nodes.map((node) => node.leases.prepare(node.bob)))
    for (const node of nodes) node.live = 1
    const wanted = [100_000_000, 2_000_000, 0]
    const move = () => nodes.forEach((node, i) => void node.move(wanted[i] ?? 0))
    await turns(20, move, ...nodes)
    const before = nodes.map(({ down }) => down)
    await turns(20, move, ...nodes)
    const moved = nodes.map(({ down }, i) => (down - (before[i] ?? 0)) / 5)
    const sum = moved.reduce((a, b) => a + b, 0)
    expect(sum).toBeGreaterThan(0.9 * rate)
    expect(sum).toBeLessThan(1.1 * rate)
    expect(moved[1]).toBeGreaterThan(1_900_000)
  })

  it('is not asked for again and again by who is alone and takes little of it', async () => {
    const node = new Node(0, { 'rate-down': rate })
    await node.leases.prepare(node.bob)
    node.live = 1
    await turns(40, () => node.move(100_000), node)
    expect(store.asks.length).toBeLessThanOrEqual(2)
  })
})

it('is not asked for while another process is this node, and what is granted stays', async () => {
  const node = new Node(0, { 'max-connections': 20 })
  await node.leases.prepare(node.bob)
  await node.leases.pause()
  const before = store.asks.length
  await turns(4 * 30, () => node.crowd(), node)
  expect(store.asks).toHaveLength(before)
  expect(node.live).toBeGreaterThan(0)
  await node.leases.close()
  expect(store.stakes.size).toBe(1)
  node.leases.resume()
  await turns(8, () => node.crowd(), node)
  expect(node.live).toBe(20)
  await node.leases.close()
  expect(store.stakes.size).toBe(0)
})

describe('while the store is away', () => {
  async function away(limits: Limits): Promise<[Node, Node]> {
    const [one, two] = nodesWith(limits, 2) as [Node, Node]
    await one.leases.prepare(one.bob)
    await turns(8, () => one.crowd(), one, two)
    store.isAway = true
    await turns(8, () => one.crowd(), one, two)
    return [one, two]
  }

  it('what is granted goes on, and it is told once that it does not answer', async () => {
    const [one] = await away({ 'max-connections': 20, 'rate-down': 1_000_000 })
    expect(one.line).toMatchObject({ maxConnections: 20, rateDown: 1_000_000 })
    await turns(4 * 30, () => {}, one)
    expect(one.told).toEqual(['limits are not shared out among the fleet: the database does not answer'])
  })

  it.for([
    ['limit', { maxConnections: 20, rateDown: 1_000_000 }],
    ['serve', { maxConnections: 20, rateDown: 1_000_000 }],
    ['refuse', { maxConnections: 0, rateDown: 1_000_000 }],
  ] as const)('for longer than leases hold, users go on as was chosen: %s', async ([chosen, line]) => {
    whenAway = chosen
    const [one] = await away({ 'max-connections': 20, 'rate-down': 1_000_000 })
    await turns(4 * 70, () => {}, one)
    expect(one.line).toMatchObject(line)
    expect(one.told).toHaveLength(2)
    store.isAway = false
    await turns(8, () => {}, one)
    expect(one.line).toMatchObject({ maxConnections: 20, rateDown: 1_000_000 })
    expect(one.told).toHaveLength(3)
  })

  it('and takes its time to fail, users have nothing of what is others by then', async () => {
    whenAway = 'refuse'
    const [one] = nodesWith({ 'max-connections': 20 }, 1) as [Node]
    await one.leases.prepare(one.bob)
    one.live = 1
    const granted = now
    store.isSilent = true
    while (now < granted + leaseTime) {
      expect(one.line.maxConnections).toBeGreaterThan(0)
      now += turn
      void one.look()
      await Promise.resolve()
    }
    expect(one.line.maxConnections).toBe(0)
  })

  it('a quota that was granted in part is not used beyond that, but at a trickle', async () => {
    const [one] = nodesWith({ quota: 1024 * MiB }, 1) as [Node]
    await one.leases.prepare(one.bob)
    one.live = 1
    await turns(4, () => one.move(4 * MiB), one)
    const granted = store.used + (store.stakes.get(0)?.bytes ?? 0)
    store.isAway = true
    await turns(4 * 120, () => one.move(4 * MiB), one)
    expect(one.down).toBeGreaterThan(granted)
    expect(one.down).toBeLessThan(granted + 130 * 64_000)
    store.isAway = false
    await turns(8, () => one.move(4 * MiB), one)
    expect(one.left).toBeGreaterThan(0)
  })

  it('somebody who comes to another node has one connection there, and when it comes back nobody is given what others have gone on with', async () => {
    const [one, two] = await away({ 'max-connections': 20 })
    await turns(4 * 100, () => {}, one, two)
    expect(one.live).toBeGreaterThan(10)
    two.crowd()
    expect(two.live).toBe(1)
    store.isAway = false
    await turns(20, () => two.crowd(), two, one)
    expect(two.line.maxConnections).toBe(0)
    expect(one.live + two.live).toBe(21)
  })
})

it('stores what was moved before it asks for more of a quota that ends, and leaves it to its time while there is plenty', async () => {
  const node = new Node(0, { quota: 500 * MiB })
  await node.leases.prepare(node.bob)
  node.live = 1
  const move = () => node.move(2 * MiB)
  await turns(100 * 4, move, node)
  const [asks, batches] = [store.asks.length, store.batches]
  expect(asks).toBeGreaterThan(3)
  expect(batches).toBeLessThanOrEqual(1)
  await node.usage.save(now)
  await turns(200 * 4, move, node)
  expect(store.batches - batches).toBeGreaterThan(5)
  expect(node.usage.used(1)).toBeGreaterThanOrEqual(500 * MiB)
  expect(node.usage.used(1)).toBeLessThan(505 * MiB)
})

it('renews the leases of many users, who came one by one, in few asks', async () => {
  const accounts = new Accounts()
  const users = Array.from({ length: 100 }, (_, i) =>
    accounts.add({ ...noLimits, name: `user${i}`, id: i + 1, password, enabled: true, created: 0 }),
  )
  const rounds: { readonly at: number; readonly count: number }[] = []
  const leases = new Leases({
    accounts,
    store: {
      refresh: async (asks) => {
        if (asks.length > 0) rounds.push({ at: now, count: asks.length })
        return asks.map(({ user }) => ({
          user,
          bytes: undefined,
          slots: 2,
          rateUp: undefined,
          rateDown: undefined,
          contested: false,
        }))
      },
      release: async () => {},
      totals: async () => [],
    },
    usage: { moved: () => 0, given: () => 0, agree: () => {}, save: async () => {} },
    whenAway: () => 'limit',
    tell: () => {},
    now: () => now,
  })
  const none = () => 0
  const done = async () => {}
  let came = 0
  const limits = () => ({ 'max-connections': { value: 20, from: 'user' } }) as const
  leases.follow({
    limits,
    up: none,
    down: none,
    live: (index) => Number(index <= came),
    refused: none,
    write: done,
    forget: done,
  })
  for (const user of users) {
    came = user.index
    await leases.prepare(user)
    now += turn
  }
  const began = now
  for (; now < began + 60_000; now += turn) await leases.look()
  const renewed = rounds.filter(({ at }) => at >= began + 20_000)
  expect(renewed.length).toBeLessThanOrEqual(12)
  expect(renewed.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(200)
  await leases.close()
})
