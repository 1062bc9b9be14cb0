import { describe, expect, it } from 'vitest'
import { mostLabels, soughtAtOnce, type Together, UserSeries } from '../../daemon/prometheus/user-series.ts'

/** Users with what they have moved, as the loops count it. */
class Users {
  readonly names: (string | undefined)[] = [undefined]
  readonly bytes: [up: number, down: number][] = [[0, 0]]
  readonly sessions: number[] = [0]
  /** How often what somebody moved was asked for. */
  asked = 0

  constructor(...names: string[]) {
    for (const name of names) this.add(name)
  }

  get size(): number {
    return this.names.length - 1
  }

  get highestIndex(): number {
    return this.names.length - 1
  }

  add(name: string): number {
    this.bytes.push([0, 0])
    this.sessions.push(0)
    return this.names.push(name) - 1
  }

  nameOf(index: number): string | undefined {
    return this.names[index]
  }

  move(index: number, up: number, down: number): void {
    const [before, behind] = this.bytes[index] ?? [0, 0]
    this.bytes[index] = [before + up, behind + down]
  }

  readonly up = (index: number) => {
    this.asked++
    return this.bytes[index]?.[0] ?? 0
  }

  readonly down = (index: number) => this.bytes[index]?.[1] ?? 0
  readonly connections = (index: number) => this.sessions[index] ?? 0

  get together(): Together {
    const sum = (of: (index: number) => number) => this.names.reduce((total, _, index) => total + of(index), 0)
    return { up: sum(this.up), down: sum(this.down), sessions: sum(this.connections) }
  }
}

/** What is told of each: bytes up and down, and sessions. */
function told(series: UserSeries, users: Users): Record<string, [number, number, number]> {
  return Object.fromEntries(
    series.look(users.together).map(({ user, up, down, sessions }) => [user, [up, down, sessions]]),
  )
}

const nobody: [number, number, number] = [0, 0, 0]

describe('series of the users who are listed', () => {
  it('tell of each, of the others together, and of who has no login', () => {
    const users = new Users('alice', 'bob', 'carol')
    users.move(1, 3, 4)
    const series = new UserSeries(users, users, ['alice', 'dave'])
    users.move(0, 1, 1)
    users.move(1, 10, 20)
    users.move(2, 100, 200)
    users.sessions.splice(0, 4, 1, 2, 3, 4)
    // What they moved before anybody looked is theirs.
    expect(told(series, users)).toEqual({ _anonymous: [1, 1, 1], alice: [13, 24, 2], _other: [100, 200, 7] })
  })

  it('go on when a user comes back, whoever had the index meanwhile', () => {
    const users = new Users('alice', 'bob')
    const series = new UserSeries(users, users, ['alice'])
    users.move(1, 5, 6)
    users.names[1] = undefined
    // It is not told of any more, and what it told is not the others' now.
    expect(told(series, users)).toEqual({ _anonymous: nobody, _other: nobody })
    users.names[1] = 'carol'
    series.begin({ index: 1, name: 'carol' })
    users.move(1, 70, 80)
    expect(told(series, users)).toEqual({ _anonymous: nobody, _other: [70, 80, 0] })
    const index = users.add('alice')
    series.begin({ index, name: 'alice' })
    users.move(index, 1, 2)
    users.move(1, 30, 20)
    expect(told(series, users)).toEqual({ _anonymous: nobody, alice: [6, 8, 0], _other: [100, 100, 0] })
  })
})

describe('series of the busiest users', () => {
  it('are everybody while there is room for all', () => {
    const users = new Users('alice', 'bob')
    const series = new UserSeries(users, users)
    const index = users.add('carol')
    series.begin({ index, name: 'carol' })
    users.move(index, 1, 1)
    expect(told(series, users)).toEqual({
      ...{ _anonymous: nobody, alice: nobody, bob: nobody },
      ...{ carol: [1, 1, 0], _other: nobody },
    })
  })

  it('are given to the busiest of more, some at a look, and never to more than a thousand', () => {
    const users = new Users()
    for (let index = 1; index <= 65_000; index++) users.add(`user${index}`)
    const series = new UserSeries(users, users)
    for (let index = 1; index <= 65_000; index++) users.move(index, index, 0)
    const { together } = users
    const look = () => Object.fromEntries(series.look(together).map(({ user, ...row }) => [user, row]))
    const first = look()
    const busiest = Array.from({ length: 20 }, (_, i) => `user${soughtAtOnce - i}`)
    expect(Object.keys(first)).toEqual(['_anonymous', ...busiest, '_other'])
    // What they moved before stays with the others: a counter that fell would be taken for one that began anew.
    expect(first[`user${soughtAtOnce}`]).toEqual({ up: 0, down: 0, sessions: 0 })
    expect(first._other).toEqual(together)
    users.move(soughtAtOnce, 7, 0)
    users.move(1, 2, 0)
    const second = series.look(users.together)
    expect(second).toHaveLength(1 + 40 + 1)
    expect(second).toContainEqual({ user: `user${soughtAtOnce}`, up: 7, down: 0, sessions: 0 })
    expect(second.at(-1)).toEqual({ user: '_other', ...together, up: together.up + 2 })
    expect(second.at(-2)?.user).toBe(`user${2 * soughtAtOnce - 19}`)
    for (let looks = 2; looks < 60; looks++) {
      users.asked = 0
      series.look(together)
      expect(users.asked).toBeLessThanOrEqual(soughtAtOnce + 2 * mostLabels)
    }
    users.asked = 0
    expect(series.look(together)).toHaveLength(1 + mostLabels + 1)
    // Once all labels are given nobody else is looked at.
    expect(users.asked).toBeLessThanOrEqual(mostLabels + 1)
  })

  it('never name one like the others, or like who has no login', () => {
    const users = new Users('_other', '_anonymous')
    const series = new UserSeries(users, users)
    users.move(1, 1, 0)
    users.move(2, 0, 1)
    expect(told(series, users)).toEqual({ _anonymous: nobody, _other: [1, 1, 0] })
  })

  it('never fall, though loops count while they are read', () => {
    const users = new Users('alice')
    const series = new UserSeries(users, users, [])
    const before = { ...users.together, up: 10 }
    users.move(0, 4, 0)
    expect(series.look(before).at(-1)).toMatchObject({ user: '_other', up: 6 })
    expect(series.look({ ...before, up: 9 }).at(-1)).toMatchObject({ user: '_other', up: 6 })
  })
})
