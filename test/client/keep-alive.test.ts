import { expect, it } from 'vitest'
import { RpcError } from '../../shared/protocol/errors.ts'
import { connect } from '../../tui/client/index.ts'
import { type Answer, type FakeDaemon, startFakeDaemon } from '../exec/fake-daemon.ts'

/** A client of a daemon that says nothing but this when it is asked for a sign of life. */
async function quiet(answer: Answer, keepAliveMs: number) {
  const pinged = Promise.withResolvers<void>()
  let pings = 0
  const daemon: FakeDaemon = await startFakeDaemon(() => {
    if (++pings === 3) pinged.resolve()
    return answer
  })
  const client = await connect({ kind: 'unix', path: daemon.path }, { keepAliveMs })
  return { client, daemon, thrice: pinged.promise }
}

it('ends a connection whose daemon does not answer any longer', async () => {
  const { client, daemon } = await quiet('silence', 20)
  expect(await client.closed).toMatchObject({
    kind: 'lost',
    code: 'silent',
    message: expect.stringMatching(/not answered/),
  })
  expect(daemon.calls).toEqual([['session.ping', {}]])
})

it.each([
  ['an answer', { time: 0 }],
  ['a refusal', new RpcError('method_not_found', 'there is no such method')],
])('takes %s as a sign of life, and asks again later', async (_, answer) => {
  const { client, thrice } = await quiet(answer, 200)
  await thrice
  client.close()
  expect(await client.closed).toMatchObject({ code: 'closed' })
})

it('asks nothing if told so', async () => {
  const { client, daemon } = await quiet('silence', 0)
  await expect(client.call('session.ping', {}, { signal: AbortSignal.timeout(50) })).rejects.toThrow(/timeout/)
  expect(daemon.calls).toHaveLength(1)
  client.close()
})
