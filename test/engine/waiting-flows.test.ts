import { describe, expect, it } from 'vitest'
import { WaitingFlows } from '../../daemon/engine/shared/waiting-flows.ts'

/** Serves all that wait; the order in which they had their turns. */
function served(waiting: WaitingFlows<string>): string[] {
  const order: string[] = []
  for (let flow = waiting.first; flow !== undefined; flow = waiting.first) {
    waiting.passOn()
    waiting.delete(flow)
    order.push(flow)
  }
  return order
}

/** By the first letter of a flow's name: whose it is. */
const holders = { a: 1, b: 2, c: 0 }

function waitingFor(light: readonly string[], heavy: readonly string[]): WaitingFlows<string> {
  const waiting = new WaitingFlows<string>()
  const payerOf = (flow: string) => ({ user: holders[flow[0] as keyof typeof holders], source: 7 })
  for (const flow of light) waiting.add(flow, payerOf(flow), { isLight: true, moved: 0, now: 0 })
  for (const flow of heavy) waiting.add(flow, payerOf(flow), { isLight: false, moved: 0, now: 0 })
  return waiting
}

describe('flows that wait', () => {
  it('have turns by holder, each first come first served', () => {
    expect(served(waitingFor([], ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']))).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  })

  it('take turns, those with little and those with much to say', () => {
    expect(served(waitingFor(['a1', 'a2', 'a3'], ['b1', 'b2']))).toEqual(['a1', 'b1', 'a2', 'b2', 'a3'])
  })

  it("may leave before their turn, which then is the next one's", () => {
    const waiting = waitingFor(['a1'], ['b1', 'b2'])
    waiting.delete('a1')
    waiting.delete('b1')
    expect(waiting.all).toEqual(['b2'])
    expect([waiting.size, waiting.first]).toEqual([1, 'b2'])
    waiting.delete('b2')
    expect([waiting.size, waiting.first]).toEqual([0, undefined])
  })
})
