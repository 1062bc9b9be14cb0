import { expect, test } from 'vitest'
import { type ErrorKind, RpcError } from '../../shared/protocol/errors.ts'
import type { Result } from '../../shared/protocol/methods.ts'
import { GraphWatch } from '../../tui/app/link/graph-watch.ts'
import type { GraphWish } from '../../tui/app/store/graph.ts'
import type { Client } from '../../tui/client/index.ts'

const everybody: GraphWish = { range: '1m', whose: null }
const history: Result<'metrics.history'> = { step: 1000, end: 1000, up: [1], down: [1] }

interface Question {
  readonly params: unknown
  answer(): Promise<void>
  refuse(kind: ErrorKind): Promise<void>
}

/** A client whose questions are answered when a test wants. */
function fakeClient() {
  const questions: Question[] = []
  const call = (_: string, params: unknown) => {
    const { promise, resolve, reject } = Promise.withResolvers()
    const settled = async (settle: () => void) => {
      settle()
      await promise.catch(() => {})
      await Promise.resolve()
    }
    questions.push({
      params,
      answer: () => settled(() => resolve(history)),
      refuse: (kind) => settled(() => reject(new RpcError(kind, 'it is so'))),
    })
    return promise
  }
  return { client: { call } as unknown as Client, questions }
}

function watch() {
  const told: unknown[] = []
  const gone: GraphWish[] = []
  const watch = new GraphWatch(
    (event) => told.push(event),
    (wish) => gone.push(wish),
    (error) => told.push(error),
  )
  return { watch, told, gone }
}

test('the graph that is shown is asked for at once, and then with each sample', async () => {
  const { client, questions } = fakeClient()
  const { watch: graph, told } = watch()
  graph.settle(client, everybody)
  graph.settle(client, { ...everybody })
  expect(questions.map(({ params }) => params)).toEqual([{ range: '1m' }])
  graph.sampled()
  expect(questions).toHaveLength(1)
  await questions[0]?.answer()
  expect(told).toEqual([{ type: 'history', wish: everybody, history }])
  graph.sampled()
  expect(questions).toHaveLength(2)
})

test('a graph of longer steps is asked for every fourth sample', async () => {
  const { client, questions } = fakeClient()
  const { watch: graph } = watch()
  graph.settle(client, { range: '24h', whose: { user: null } })
  expect(questions[0]?.params).toEqual({ range: '24h', user: null })
  await questions[0]?.answer()
  for (let sample = 1; sample <= 8; sample += 1) {
    graph.sampled()
    await questions.at(-1)?.answer()
    expect(questions).toHaveLength(1 + Math.floor(sample / 4))
  }
})

test('nothing is asked while no graph is shown', () => {
  const { client, questions } = fakeClient()
  const { watch: graph } = watch()
  graph.sampled()
  graph.settle(null, everybody)
  graph.sampled()
  expect(questions).toHaveLength(0)
  graph.settle(client, everybody)
  expect(questions).toHaveLength(1)
})

test('another range or user does not wait for an answer that is under way', () => {
  const { client, questions } = fakeClient()
  const { watch: graph } = watch()
  graph.settle(client, everybody)
  graph.settle(client, { range: '1m', whose: { user: 'bob' } })
  expect(questions.map(({ params }) => params)).toEqual([{ range: '1m' }, { range: '1m', user: 'bob' }])
})

test('what an earlier connection answers late is not told', async () => {
  const [before, now] = [fakeClient(), fakeClient()]
  const { watch: graph, told } = watch()
  graph.settle(before.client, everybody)
  graph.settle(now.client, everybody)
  await before.questions[0]?.answer()
  expect(told).toEqual([])
  await now.questions[0]?.answer()
  expect(told).toHaveLength(1)
})

test('that a user is gone is told apart, and only while that one is shown', async () => {
  const { client, questions } = fakeClient()
  const { watch: graph, told, gone } = watch()
  const wish: GraphWish = { range: '1m', whose: { user: 'bob' } }
  graph.settle(client, wish)
  await questions[0]?.refuse('not_found')
  expect([told, gone]).toEqual([[], [wish]])
  graph.sampled()
  graph.settle(client, everybody)
  await questions[1]?.refuse('not_found')
  expect(gone).toEqual([wish])
})

test('what an older daemon refuses is told once and not asked again, until something else is shown', async () => {
  const { client, questions } = fakeClient()
  const { watch: graph, told } = watch()
  graph.settle(client, everybody)
  await questions[0]?.refuse('method_not_found')
  expect(told).toEqual([expect.any(RpcError)])
  graph.settle(client, { ...everybody })
  graph.sampled()
  expect(questions).toHaveLength(1)
  graph.settle(client, { range: '15m', whose: null })
  expect(questions).toHaveLength(2)
})

test('a daemon that is busy is asked again, and nobody hears of it', async () => {
  const { client, questions } = fakeClient()
  const { watch: graph, told } = watch()
  graph.settle(client, everybody)
  await questions[0]?.refuse('busy')
  graph.sampled()
  expect(questions).toHaveLength(2)
  expect(told).toEqual([])
})
