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
  const heart = new Heartbeat({ store: fleet.as(name), tell: facts, moved: () => moved, spent: () => spent.micros })
  onTestFinished(() => heart.stop())
  return { heart, moved, spent }
}

function nodesOf(node: string, started = 1) {
  const warnings: string[] = []
  const nodes = new Nodes({ store: fleet.as(node), started, warn: (message) => void warnings.push(message) })
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

it('two daemons of one name are told of', async () => {
  heartOf('a').heart.start()
  await passes(0)
  const { nodes, warnings } = nodesOf('a', 2)
  await nodes.list()
  await nodes.list()
  expect(warnings).toEqual([expect.stringMatching(/^another daemon is node a of this fleet, too/)])
  const own = nodesOf('a', 1)
  await own.nodes.list()
  expect(own.warnings).toEqual([])
})

it('one that has taken over from another process of its name is no second one, and counts from the start', async () => {
  const before = heartOf('a').heart
  before.start()
  await passes(0)
  await before.stop()
  const { nodes, warnings } = nodesOf('a', 2)
  const { heart } = heartOf('a', () => ({ ...factsOf('a'), started: 2 }))
  const told = Promise.withResolvers<void>()
  nodes.start(told.promise)
  await passes(0)
  heart.start().then(told.resolve)
  await passes(0)
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
