import { describe, expect, it } from 'vitest'
import { type Movement, Throughput } from '../../daemon/observe/throughput.ts'
import type { RecentRange } from '../../shared/protocol/methods.ts'
import { recentRanges } from '../../shared/protocol/vocabulary.ts'

const start = 1_700_000_000_000
const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const nothing = { up: 0, down: 0 }

interface Look {
  readonly passed?: number
  readonly onWall?: number
  /** By index. */
  readonly users?: Readonly<Record<number, Movement>>
}

/** A daemon whose clocks the test moves. */
class Stage {
  readonly names: (string | undefined)[] = []
  /** Indexes of users who have moved something. */
  readonly moved = new Set<number>()
  readonly throughput = new Throughput(0, start)
  #now = 0
  #wall = start

  /** Time passes, on the wall differently if told so, and then the daemon looks at who has moved what. */
  look(all: Movement = nothing, { passed = second, onWall, users = {} }: Look = {}) {
    this.#now += passed
    this.#wall += onWall ?? passed
    this.throughput.look(this.#now, this.#wall, all, (index) => this.names[index])
    for (const [index, movement] of Object.entries(users)) this.#add(Number(index), movement)
  }

  /** A look a second. */
  looks(count: number, all?: Movement) {
    for (let i = 0; i < count; i++) this.look(all)
  }

  #add(index: number, movement: Movement) {
    const name = index === 0 ? null : (this.names[index] ?? null)
    const isFirst = !this.moved.has(index)
    this.moved.add(index)
    this.throughput.add({ index, name, isFirst, ...movement })
  }

  up(range: RecentRange, index?: number) {
    return this.#told(range, index).up
  }

  end(range: RecentRange) {
    return this.throughput.ofEverybody(range).end
  }

  #told(range: RecentRange, index?: number) {
    if (index === undefined) return this.throughput.ofEverybody(range)
    return this.throughput.ofUser(range, index, this.moved.has(index))
  }
}

/** How often each value comes, one run after the other: `null*57 0*3`. */
function runs(values: readonly (number | null)[]): string {
  const found: [value: number | null, count: number][] = []
  for (const value of values) {
    const last = found.at(-1)
    if (last && last[0] === value) last[1]++
    else found.push([value, 1])
  }
  return found.map(([value, count]) => `${value}*${count}`).join(' ')
}

describe('everybody', () => {
  it('is unknown before the start, and from then on what has moved', () => {
    const stage = new Stage()
    expect(runs(stage.up('1m'))).toBe('null*60')
    stage.look({ up: 100, down: 7 })
    stage.look({ up: 0, down: 0 })
    stage.look({ up: 300, down: 9 })
    expect(runs(stage.up('1m'))).toBe('null*57 100*1 0*1 300*1')
    expect(stage.throughput.ofEverybody('1m').down.slice(-3)).toEqual([7, 0, 9])
  })

  it('is the same rate in steps of any length, the last one partial', () => {
    const stage = new Stage()
    stage.looks(20 * 60 + 2, { up: 1000, down: 0 })
    expect(runs(stage.up('1m'))).toBe('1000*60')
    expect(runs(stage.up('15m'))).toBe('1000*225')
    expect(runs(stage.up('1h'))).toBe('null*159 1000*81')
    expect(runs(stage.up('24h'))).toBe('null*236 1000*4')
    expect(recentRanges.map((range) => stage.throughput.ofEverybody(range).step)).toEqual([
      1_000, 4_000, 15_000, 360_000,
    ])
  })

  it('averages what moved in a step', () => {
    const stage = new Stage()
    for (const up of [0, 4000, 0, 0, 100]) stage.look({ up, down: 0 })
    expect(stage.up('15m').slice(-3)).toEqual([null, 1000, 100])
  })

  it('forgets what is older than the range', () => {
    const stage = new Stage()
    stage.look({ up: 1000, down: 0 })
    stage.looks(59)
    expect(runs(stage.up('1m'))).toBe('1000*1 0*59')
    stage.look()
    expect(runs(stage.up('1m'))).toBe('0*60')
    stage.looks(24 * 60 * 60)
    for (const range of recentRanges) expect(runs(stage.up(range))).toMatch(/^0\*\d+$/)
  })

  it('ends with its last step', () => {
    const stage = new Stage()
    stage.looks(13)
    expect(recentRanges.map((range) => stage.end(range) - start)).toEqual([13_000, 16_000, 15_000, 360_000])
  })
})

describe('a look that is late, or early', () => {
  it('is no spike: what moved meanwhile moved evenly', () => {
    const stage = new Stage()
    stage.looks(2, { up: 500, down: 0 })
    stage.look({ up: 10_000, down: 0 }, { passed: 10 * second })
    expect(runs(stage.up('1m'))).toBe('null*48 500*2 1000*10')
    stage.look({ up: 60_000, down: 0 }, { passed: 10 * minute })
    expect(runs(stage.up('1m'))).toBe('100*60')
    expect(runs(stage.up('15m').slice(-150))).toBe('100*150')
  })

  it('shows no step of which next to nothing is known', () => {
    const stage = new Stage()
    stage.look({ up: 1001, down: 0 }, { passed: 1001 })
    expect(runs(stage.up('1m'))).toBe('null*59 1000*1')
    stage.look({ up: 999, down: 0 }, { passed: 999 })
    expect(runs(stage.up('1m'))).toBe('null*58 1000*2')
    stage.look({ up: 998, down: 0 }, { passed: 998 })
    expect(runs(stage.up('1m'))).toBe('null*57 1000*3')
  })

  it('keeps the oldest step until another takes its place on the screen', () => {
    const stage = new Stage()
    stage.look({ up: 500, down: 0 })
    stage.looks(58, { up: 100, down: 0 })
    stage.look({ up: 100, down: 0 }, { passed: 1001 })
    expect(runs(stage.up('1m'))).toBe('500*1 100*59')
  })
})

describe('a clock that jumps', () => {
  it('leaves unknown what it jumps over', () => {
    const stage = new Stage()
    stage.looks(30, { up: 100, down: 0 })
    stage.look({ up: 100, down: 0 }, { onWall: 10 * minute + second })
    stage.looks(29, { up: 100, down: 0 })
    expect(runs(stage.up('1m'))).toBe('null*30 100*30')
    expect(runs(stage.up('15m').slice(-165))).toBe('100*8 null*149 100*8')
    expect(stage.end('1m')).toBe(start + 11 * minute)
  })

  it('by years is survived', () => {
    const stage = new Stage()
    stage.look({ up: 100, down: 0 })
    stage.look({ up: 100, down: 0 }, { onWall: 50 * 365 * 24 * hour })
    stage.look({ up: 300, down: 0 })
    for (const range of recentRanges) expect(stage.up(range).at(-1)).toBeGreaterThanOrEqual(100)
    expect(stage.up('1m').filter((rate) => rate !== null)).toHaveLength(2)
  })

  it('back calls the steps anew and keeps what is in them', () => {
    const stage = new Stage()
    stage.looks(30, { up: 100, down: 0 })
    stage.look({ up: 100, down: 0 }, { onWall: second - hour })
    expect(runs(stage.up('1m'))).toBe('null*29 100*31')
    expect(stage.end('1m')).toBe(start - hour + 31 * second)
  })

  it('by less than a second changes nothing', () => {
    const stage = new Stage()
    stage.looks(30, { up: 100, down: 0 })
    stage.look({ up: 100, down: 0 }, { onWall: 1900 })
    expect(runs(stage.up('1m'))).toBe('null*29 100*31')
    expect(stage.end('1m')).toBe(start + 31 * second)
  })
})

describe('a user', () => {
  const bob = 1
  const busy = { up: 100, down: 200 }

  it('has moved nothing until the first byte', () => {
    const stage = new Stage()
    stage.names[bob] = 'bob'
    stage.looks(3)
    expect(runs(stage.up('1m', bob))).toBe('null*57 0*3')
    stage.look(busy, { users: { [bob]: busy } })
    stage.look()
    expect(runs(stage.up('1m', bob))).toBe('null*55 0*3 100*1 0*1')
    expect(runs(stage.up('1h', bob))).toBe('null*239 20*1')
  })

  it('without a name stands for all who did not log in', () => {
    const stage = new Stage()
    stage.names[bob] = 'bob'
    stage.look(busy, { users: { 0: busy } })
    stage.look(nothing)
    expect(stage.up('1m', 0).slice(-2)).toEqual([100, 0])
    expect(stage.up('1m', bob).slice(-2)).toEqual([0, 0])
  })

  it('who has gone leaves nothing to the next owner of the index', () => {
    const stage = new Stage()
    stage.names[bob] = 'bob'
    stage.look(busy, { users: { [bob]: busy } })
    stage.names[bob] = 'ann'
    stage.moved.clear()
    stage.look()
    expect(runs(stage.up('1m', bob))).toBe('null*58 0*2')
  })

  it('is remembered as one of the 500 who were active last, and else unknown', () => {
    const stage = new Stage()
    for (let index = 1; index <= 501; index++) stage.names[index] = `user${index}`
    for (let index = 1; index <= 500; index++) stage.look(busy, { users: { [index]: busy } })
    stage.look(busy, { users: { 1: busy } })
    stage.look(busy, { users: { 501: busy } })
    expect(runs(stage.up('24h', 2))).toBe('null*240')
    expect(stage.up('1m', 1).slice(-3)).toEqual([0, 100, 0])
    expect(stage.up('1m', 3).slice(-3)).toEqual([0, 0, 0])
    stage.look(busy, { users: { 2: busy } })
    expect(runs(stage.up('1m', 2))).toBe('null*59 100*1')
    stage.look()
    expect(runs(stage.up('1m', 2))).toBe('null*58 100*1 0*1')
  })

  it('of a crowd keeps the place of those who were there first', () => {
    const stage = new Stage()
    const crowd: Record<number, Movement> = {}
    for (let index = 1; index <= 600; index++) {
      stage.names[index] = `user${index}`
      crowd[index] = busy
    }
    for (let i = 0; i < 90; i++) stage.look(busy, { users: crowd })
    expect(runs(stage.up('1m', 1))).toBe('100*60')
    expect(runs(stage.up('1m', 500))).toBe('100*60')
    expect(runs(stage.up('1m', 501))).toBe('null*60')
  })
})
