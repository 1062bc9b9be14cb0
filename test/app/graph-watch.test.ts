import { expect, test } from 'vitest'
import { type ErrorKind, RpcError } from '../../shared/protocol/errors.ts'
import type { Result } from '../../shared/protocol/methods.ts'
import { GraphWatch } from '../../tui/app/link/graph-watch.ts'
import type { GraphWish } from '../../tui/app/state/graph.ts'
import type { Client } from '../../tui/client/index.ts'
import { sampleOf } from '../helpers/sample.ts'

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

test('the graph that is shown is asked for at once, and the samples tell the rest', async () => {
  const { client, questions } = fakeClient()
  const { watch: graph, told } = watch()
  graph.settle(client, everybody)
  graph.settle(client, { ...everybody })
  expect(questions.map(({ params }) => params)).toEqual([{ range: '1m' }])
  await questions[0]?.answer()
  expect(told).toEqual([{ type: 'history', wish: everybody, history }])
  for (let seq = 1; seq < 10; seq += 1) graph.sampled(client, sampleOf(seq))
  expect(questions).toHaveLength(1)
})

test('what a user had moved before a sample named them is asked for once it has', async () => {
  const { client, questions } = fakeClient()
  const { watch: graph } = watch()
  graph.settle(client, { range: '24h', whose: { user: 'bob' } })
  expect(questions[0]?.params).toEqual({ range: '24h', user: 'bob' })
  await questions[0]?.answer()
  const bob = { name: 'bob', connections: 1, up: 1, down: 1 }
  graph.sampled(client, sampleOf(1, { users: [{ ...bob, name: 'eve' }] }))
  expect(questions).toHaveLength(1)
  graph.sampled(client, sampleOf(2, { users: [bob] }))
  graph.sampled(client, sampleOf(3, { users: [bob] }))
  expect(questions).toHaveLength(2)
})

test('nothing is asked while there is no connection whose samples are followed', () => {
  const { client, questions } = fakeClient()
  const { watch: graph } = watch()
  graph.sampled(client, sampleOf(1))
  graph.settle(null, everybody)
  graph.sampled(client, sampleOf(2))
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
  graph.settle(client, { ...wish, range: '15m' })
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
  graph.sampled(client, sampleOf(1))
  expect(questions).toHaveLength(1)
  graph.settle(client, { range: '15m', whose: null })
  expect(questions).toHaveLength(2)
})

test('a daemon that is busy is asked again, and nobody hears of it', async () => {
  const { client, questions } = fakeClient()
  const { watch: graph, told } = watch()
  graph.settle(client, everybody)
  await questions[0]?.refuse('busy')
  graph.sampled(client, sampleOf(1))
  graph.sampled(client, sampleOf(2))
  expect(questions).toHaveLength(2)
  expect(told).toEqual([])
})
