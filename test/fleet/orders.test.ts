import { expect, it, onTestFinished } from 'vitest'
import { Orders, type OrdersOptions } from '../../daemon/fleet/orders.ts'
import { eventually } from '../helpers/eventually.ts'
import { FakeFleet } from './fake-fleet.ts'

const wish = { by: 'ann', role: 'operator', method: 'users.cut', params: { name: 'bob' } } as const
const quick = { period: 5, answerPeriod: 2, patience: 5_000 }

function ordersOf(fleet: FakeFleet, node: string, options: Partial<OrdersOptions> = {}): Orders {
  const orders = new Orders({
    store: fleet.as(node),
    carryOut: async ({ from, by }) => ({ result: { did: `${node} for ${by} on ${from}` } }),
    warn: () => {},
    isUp: () => true,
    ...quick,
    ...options,
  })
  orders.start()
  onTestFinished(() => orders.stop())
  return orders
}

it('are carried out by the nodes that they name, each once, and answered to who gave them', async () => {
  const fleet = new FakeFleet()
  const a = ordersOf(fleet, 'a')
  for (const node of ['b', 'c', 'd']) ordersOf(fleet, node)
  expect(await a.give(['b', 'c'], wish)).toEqual(
    new Map([
      ['b', { result: { did: 'b for ann on a' } }],
      ['c', { result: { did: 'c for ann on a' } }],
    ]),
  )
  expect([...fleet.taken]).toHaveLength(2)
  expect(await a.give([], wish)).toEqual(new Map())
})

it('are refused where they cannot be read, which is told in one line, and an answer that cannot be read is none', async () => {
  const fleet = new FakeFleet()
  const warnings: string[] = []
  const a = ordersOf(fleet, 'a')
  const [b, c] = [fleet.as('b'), fleet.as('c')]
  const takeOrders = async () => (await b.takeOrders()).map(({ id }) => ({ id, from: undefined }))
  const warn = (message: string) => void warnings.push(message)
  const carryOut = () => Promise.reject(new Error('this is carried out'))
  ordersOf(fleet, 'b', { store: { ...b, takeOrders }, warn, carryOut })
  const answer = async (order: number) => void fleet.answers.set(order, undefined)
  ordersOf(fleet, 'c', { store: { ...c, answer } })
  expect(await a.give(['b', 'b', 'c'], wish)).toEqual(
    new Map([
      ['b', { refusal: { kind: 'invalid_params', message: 'that node cannot read what it is to do' } }],
      ['c', undefined],
    ]),
  )
  expect(warnings).toEqual(['2 orders of other nodes cannot be read, and nothing is done for that'])
})

it('are not waited for for long where a node does not answer', async () => {
  const fleet = new FakeFleet()
  const a = ordersOf(fleet, 'a', { patience: 20 })
  ordersOf(fleet, 'b')
  const answers = await a.give(['gone'], wish)
  expect(answers).toEqual(new Map([['gone', undefined]]))
})

it('are not carried out any more once who gave them was told that there is no answer', async () => {
  const fleet = new FakeFleet()
  const a = ordersOf(fleet, 'a', { patience: 20 })
  await a.give(['b'], wish)
  const done: string[] = []
  const carryOut = async ({ method }: { readonly method: string }) => {
    done.push(method)
    return { result: {} }
  }
  ordersOf(fleet, 'b', { carryOut })
  await ordersOf(fleet, 'a', { patience: 5_000 }).give(['b'], { ...wish, method: 'connections.kill' })
  expect(done).toEqual(['connections.kill'])
})

it('are none where the store does not take them, and who answers late is heard of in the log', async () => {
  const fleet = new FakeFleet()
  const warnings: string[] = []
  const a = ordersOf(fleet, 'a')
  ordersOf(fleet, 'b', {
    carryOut: async () => {
      fleet.problem = 'connection refused'
      return { result: {} }
    },
    warn: (message) => void warnings.push(message),
  })
  await expect(a.give(['b'], wish)).rejects.toThrow('connection refused')
  await eventually(() =>
    expect(warnings).toEqual(['users.cut is done for node a, which does not hear of it: connection refused']),
  )
})

it('whose answers are not heard of are one line of the log, however many', async () => {
  const fleet = new FakeFleet()
  const warnings: string[] = []
  const given = ordersOf(fleet, 'a').give(
    Array.from({ length: 50 }, () => 'b'),
    wish,
  )
  ordersOf(fleet, 'b', {
    carryOut: async () => {
      fleet.problem = 'connection refused'
      return { result: {} }
    },
    warn: (message) => void warnings.push(message),
  })
  await expect(given).rejects.toThrow('connection refused')
  await eventually(() => expect(warnings).toEqual([expect.stringMatching(/refused; and 49 more like it$/)]))
})
