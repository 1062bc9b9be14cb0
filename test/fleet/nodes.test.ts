import { beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { Heartbeat, type NodeFacts } from '../../daemon/fleet/heartbeat.ts'
import { Nodes } from '../../daemon/fleet/nodes.ts'
import { FakeFleet } from './fake-fleet.ts'

let fleet: FakeFleet

beforeEach(() => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  fleet = new FakeFleet()
})

const factsOf = (name: string): NodeFacts => ({
  ...{ name, version: '1.2.3', started: 1, state: 'serves', socks: [`10.0.0.1:1080`], control: [], connections: 3 },
})

/** A node that tells of itself. */
function heartOf(name: string, facts: () => NodeFacts = () => factsOf(name)) {
  const moved = { up: 0, down: 0 }
  const spent = { micros: 0 }
  const warnings: string[] = []
  const clocks: (string | undefined)[] = []
  const heart = new Heartbeat({
    ...{ store: fleet.as(name), tell: facts, moved: () => moved, spent: () => spent.micros },
    ...{ now: () => fleet.now, warn: (message: string) => void warnings.push(message) },
    clockIs: (off) => void clocks.push(off),
  })
  onTestFinished(() => heart.stop())
  return { heart, moved, spent, warnings, clocks }
}

function nodesOf(node: string) {
  const warnings: string[] = []
  const nodes = new Nodes({ store: fleet.as(node), warn: (message) => void warnings.push(message) })
  onTestFinished(() => nodes.stop())
  return { nodes, warnings }
}

async function passes(milliseconds: number): Promise<void> {
  fleet.now += milliseconds
  await vi.advanceTimersByTimeAsync(milliseconds)
}

it('a node tells how it does every few seconds, at once when something changes, and that it ends', async () => {
  let state: NodeFacts['state'] = 'serves'
  const { heart, moved, spent } = heartOf('a', () => ({ ...factsOf('a'), state }))
  heart.start()
  await passes(0)
  moved.up += 60_000
  moved.down += 600_000
  spent.micros += 3_000_000
  await passes(6_000)
  const told = () => fleet.told.get('a')?.node
  expect(told()).toMatchObject({ connections: 3, socks: ['10.0.0.1:1080'] })
  expect(told()?.up).toBeGreaterThan(9_000)
  expect((told()?.down ?? 0) / (told()?.up ?? 1)).toBeCloseTo(10, 1)
  expect(told()?.cpu).toBeGreaterThan(0.4)
  state = 'drains'
  heart.beat()
  await passes(0)
  expect(told()?.state).toBe('drains')
  await heart.close()
  expect(told()).toMatchObject({ state: 'ended', connections: 0 })
  const { asked } = fleet
  await passes(60_000)
  expect(fleet.asked).toBe(asked)
})

it('a node says that its clock is not that of the store, once, and that it is again', async () => {
  const { heart, warnings, clocks } = heartOf('a')
  fleet.clock = Date.now() - 7_200_000
  heart.start()
  await passes(20_000)
  expect(warnings).toEqual([
    expect.stringMatching(/^the clock of this machine is 2h00m ahead of that of the store: bans/),
  ])
  fleet.clock = undefined
  await passes(6_000)
  expect(warnings.slice(1)).toEqual(['the clock of this machine is that of the store again'])
  fleet.clock = Date.now() + 7_200_000
  await passes(6_000)
  expect(warnings[2]).toMatch(/^the clock of this machine is (2h00m|1h59m) behind that of the store/)
  const behind = expect.stringMatching(/behind that of the store$/)
  expect(clocks).toEqual(['2h00m ahead of that of the store', undefined, behind])
})

it('a store that does not answer keeps no node from ending', async () => {
  const { heart } = heartOf('a')
  fleet.problem = 'connection refused'
  heart.start()
  await passes(20_000)
  await heart.close()
  expect(fleet.told.size).toBe(0)
})

it('one that tells nothing for a while is gone, and can be forgotten then', async () => {
  const [a, b] = [heartOf('a').heart, heartOf('b').heart]
  a.start()
  b.start()
  await passes(0)
  const { nodes } = nodesOf('a')
  expect((await nodes.list()).map(({ name, state }) => `${name} ${state}`)).toEqual(['a serves', 'b serves'])
  await expect(nodes.forget('b')).rejects.toMatchObject({ kind: 'conflict' })
  await expect(nodes.forget('c')).rejects.toMatchObject({ kind: 'not_found' })
  await b.stop()
  for (let second = 0; second < 18; second++) await passes(1_000)
  expect((await nodes.list()).map(({ name, state }) => `${name} ${state}`)).toEqual(['a serves', 'b gone'])
  expect(nodes.count).toEqual({ serves: 1, drains: 0, ended: 0, gone: 1 })
  await nodes.forget('b')
  expect(await nodes.list()).toHaveLength(1)
})

it('they are counted again and again, and one that goes is told of', async () => {
  const b = heartOf('b').heart
  b.start()
  await passes(0)
  const { nodes, warnings } = nodesOf('a')
  nodes.start(Promise.resolve())
  await passes(0)
  expect(nodes.count).toMatchObject({ serves: 1 })
  await b.stop()
  await passes(40_000)
  await passes(40_000)
  expect(nodes.count).toMatchObject({ serves: 0, gone: 1 })
  expect(warnings).toEqual([expect.stringMatching(/^node b has told nothing for \d+s, though it has not ended$/)])
})

it.each(['ends', 'dies'])('two daemons of one name are told of once, and when one of them %s', async (how) => {
  const first = heartOf('a')
  const second = heartOf('a', () => ({ ...factsOf('a'), started: 2, socks: ['10.0.0.2:1080'] }))
  first.heart.start()
  await passes(0)
  second.heart.start()
  for (let second = 0; second < 120; second++) await passes(1_000)
  const too = 'is node a of this fleet, too, and both go on: give one of them another name with --node'
  const warnings = [`another daemon 10.0.0.2:1080 ${too}`]
  expect([first.warnings, second.warnings]).toEqual([warnings, [`another daemon 10.0.0.1:1080 ${too}`]])
  await (how === 'ends' ? second.heart.close() : second.heart.stop())
  for (let second = 0; second < 30; second++) await passes(1_000)
  const alone = 'this daemon goes on as node a alone: another daemon 10.0.0.2:1080 has gone'
  expect(first.warnings).toEqual([...warnings, alone])
})

it('one that has taken over from another process of its name is no second one, and counts from the start', async () => {
  const before = heartOf('a').heart
  before.start()
  await passes(0)
  await before.stop()
  const { nodes } = nodesOf('a')
  const { heart, warnings } = heartOf('a', () => ({ ...factsOf('a'), started: 2 }))
  const told = Promise.withResolvers<void>()
  nodes.start(told.promise)
  await passes(0)
  heart.start().then(told.resolve)
  for (let second = 0; second < 30; second++) await passes(1_000)
  expect([nodes.count?.serves, warnings]).toEqual([1, []])
})

it('none is gone for itself when the store has not heard of it for long', async () => {
  const { heart } = heartOf('a')
  heart.start()
  await passes(0)
  await heart.stop()
  await passes(60_000)
  const { nodes, warnings } = nodesOf('a')
  await nodes.list()
  await nodes.list()
  expect([nodes.count, warnings]).toEqual([{ serves: 1, drains: 0, ended: 0, gone: 0 }, []])
})
