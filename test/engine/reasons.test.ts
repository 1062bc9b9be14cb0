import { describe, expect, it } from 'vitest'
import { Reason, State } from '../../daemon/engine/session-table.ts'
import { endReasons } from '../../shared/end-reasons.ts'
import { connectionStates } from '../../shared/protocol/vocabulary.ts'
import { bytes } from '../helpers/bytes.ts'
import { enginesOfOneLoop, sharedProxy, startProxy } from '../helpers/engine.ts'
import { greeting, request } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'
import { cases } from './reasons/cases.ts'

it('numbers reasons and states as the protocol does', () => {
  const spelled = (names: object) =>
    Object.keys(names).map((name) => name.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`))
  expect(spelled(Reason)).toEqual([...endReasons])
  expect(Object.values(Reason)).toEqual([...endReasons.keys()])
  expect(Object.keys(State)).toEqual([...connectionStates])
  expect(Object.values(State)).toEqual([...connectionStates.keys()])
})

describe.each(enginesOfOneLoop)('$kind engine: why a session ended', ({ start }) => {
  const shared = sharedProxy(start)

  it.each(cases)('$title: $reason', async ({ title: _, reason, states, act, ...options }) => {
    const isUsual = Object.keys(options).length === 0 && reason !== 'ended'
    const proxy = await (isUsual ? shared() : startProxy(start, options))
    const target = await startTarget()
    const began = performance.now()
    const client = await proxy.client()
    const open = async () => {
      client.write(bytes(greeting, request(target.host, target.port)))
      await client.read(2 + 10)
      return target.next()
    }
    await act({ proxy, client, target, open })
    const row = await proxy.onlyClosed()
    expect([row.reason, row.timeline.map(([state]) => state)]).toEqual([reason, states])
    expect(proxy.ended(Reason[reason])).toBe(1)
    const times = [...row.timeline.map(([, since]) => since), row.ended, performance.now()]
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times[0]).toBeGreaterThan(began)
  })
})
