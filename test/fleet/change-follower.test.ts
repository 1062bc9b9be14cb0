import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Adopters, ChangeFollower, type Keys } from '../../daemon/fleet/change-follower.ts'
import { Refusal } from '../../daemon/refusal.ts'
import { FakeFleet } from './fake-fleet.ts'

let fleet: FakeFleet
let adopted: string[]
let lines: string[]
/** By kind, what keeps it from being taken over. */
let problems: Map<string, Error>

beforeEach(() => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  fleet = new FakeFleet()
  adopted = []
  lines = []
  problems = new Map()
})

const shown = (keys: Keys) => (keys === 'all' ? 'all' : [...keys].join(','))

async function follower(since = fleet.last): Promise<ChangeFollower> {
  const take = async (kind: string, keys = '') => {
    const problem = problems.get(kind)
    if (problem) throw problem
    adopted.push(keys === '' ? kind : `${kind} ${keys}`)
  }
  const adopters: Adopters = {
    accounts: ({ users, groups }) => take(groups ? 'groups and users' : 'users', shown(users)),
    rules: () => take('rules'),
    settings: () => take('settings'),
    operators: () => take('operators'),
    bans: (sources) => take('bans', shown(sources)),
    watches: () => take('watches'),
  }
  const log = {
    info: (line: string) => void lines.push(line),
    warn: (line: string) => void lines.push(`warning: ${line}`),
  }
  const follows = new ChangeFollower({ store: fleet.as('a'), adopters, since, log })
  follows.start()
  onTestFinished(() => follows.stop())
  return follows
}

/** As long as a change of another node may take to act: one question each second, a fifth later at most. */
const soon = () => vi.advanceTimersByTimeAsync(1_200)

describe('what other nodes change', () => {
  it('is taken over with the next question, each kind in the order in which they build on each other', async () => {
    await follower()
    for (const [kind, key] of [
      ['watch', 'w'],
      ['rules', ''],
      ['user', 'bob'],
      ['ban', '192.0.2.1'],
      ['settings', ''],
      ['operator', 'ann'],
      ['group', 'staff'],
      ['user', 'bob'],
    ] as const)
      fleet.change('b', kind, key)
    await soon()
    expect(adopted).toEqual(['groups and users bob', 'rules', 'settings', 'operators', 'bans 192.0.2.1', 'watches'])
    expect(lines).toContain('the user "bob" changed on node b')
    expect(lines).toContain('the rules changed on node b')
    expect(lines).toContain('the ban of 192.0.2.1 changed on node b')
    await soon()
    expect(adopted).toHaveLength(6)
  })

  it('is not taken over if this node has made it', async () => {
    await follower()
    fleet.change('a', 'user', 'bob')
    await soon()
    expect([adopted, lines]).toEqual([[], []])
  })

  it('is taken over, too, if this node has made it and was not told so', async () => {
    await follower()
    fleet.change('a', 'user', 'bob')
    fleet.change('a', 'user', 'ann')
    fleet.uncertain.add(1)
    await soon()
    expect([adopted, lines]).toEqual([['users bob'], ['the user "bob" changed on node a']])
  })

  it('comes whole, however many pages it takes, and much of it is one line', async () => {
    fleet.change('b', 'rules')
    await follower()
    fleet.page = 10
    for (let at = 0; at < 45; at++) fleet.change('b', 'user', `u${at % 30}`)
    await soon()
    expect(adopted.map((each) => each.split(',').length)).toEqual([10, 10, 10, 10, 5])
    fleet.page = 1_000
    for (let at = 0; at < 500; at++) fleet.change('c', 'ban', `192.0.2.${at}`)
    await soon()
    expect(lines.at(-1)).toBe('500 bans changed on node c')
  })

  it('is known at once to who changes something here', async () => {
    const follows = await follower()
    fleet.change('b', 'rules')
    await follows.catchUp()
    expect(adopted).toEqual(['rules'])
    // One question is under way when the next one comes.
    const first = follows.catchUp()
    fleet.change('b', 'settings')
    await Promise.all([first, follows.catchUp()])
    expect(adopted).toEqual(['rules', 'settings'])
  })
})

describe('a store that does not answer', () => {
  it('is told of once, asked ever more seldom, and what was missed is taken over', async () => {
    const follows = await follower()
    fleet.problem = 'connection refused'
    await vi.advanceTimersByTimeAsync(60_000)
    expect(lines).toEqual([
      'warning: what other nodes change is not known here until the store answers: connection refused',
    ])
    expect(fleet.asked).toBeLessThan(15)
    expect([follows.isUp, follows.lag > 55_000]).toEqual([false, true])
    // Whoever changes something here does not wait for it.
    const { asked } = fleet
    await follows.catchUp()
    expect(fleet.asked).toBe(asked)
    fleet.change('b', 'user', 'bob')
    fleet.problem = undefined
    await vi.advanceTimersByTimeAsync(12_000)
    expect(adopted).toEqual(['users bob'])
    expect(lines.at(-1)).toMatch(/^the store answers again, after 1m/)
    expect([follows.isUp, follows.lag < 2_000]).toEqual([true, true])
  })

  it('and comes back at an earlier state has everything compared', async () => {
    for (let at = 0; at < 5; at++) fleet.change('b', 'rules')
    await follower()
    fleet.problem = 'connection refused'
    await soon()
    fleet.changes.length = 2
    fleet.problem = undefined
    await vi.advanceTimersByTimeAsync(5_000)
    expect(adopted).toEqual(['groups and users all', 'rules', 'settings', 'operators', 'bans all', 'watches'])
    fleet.change('b', 'rules')
    await soon()
    expect(adopted.at(-1)).toBe('rules')
  })

  it('or as a standby that had not heard of all, which counts on from there, too, whoever has changed what since', async () => {
    for (let at = 0; at < 5; at++) fleet.change('b', 'rules')
    await follower()
    fleet.changes.length = 4
    for (let at = 0; at < 3; at++) fleet.change('b', 'watch', 'w')
    await soon()
    expect(adopted).toEqual(['groups and users all', 'rules', 'settings', 'operators', 'bans all', 'watches'])
    expect(lines).toEqual([expect.stringMatching(/^warning: the store is at another state than it was/)])
    fleet.change('b', 'user', 'bob')
    await soon()
    expect(adopted.at(-1)).toBe('users bob')
  })
})

it('what cannot act here is told once, keeps nothing else, and is tried again', async () => {
  const follows = await follower()
  problems.set('rules', new Refusal('unavailable', 'no such list'))
  fleet.change('b', 'rules')
  fleet.change('b', 'watch', 'w')
  await vi.advanceTimersByTimeAsync(20_000)
  expect(adopted).toEqual(['watches'])
  expect(follows.behind).toEqual(['rules'])
  expect(lines.filter((line) => line.startsWith('warning'))).toEqual([
    'warning: rules of other nodes do not act here: no such list',
  ])
  problems.clear()
  await vi.advanceTimersByTimeAsync(40_000)
  expect([adopted, follows.behind]).toEqual([['watches', 'rules'], []])
})
