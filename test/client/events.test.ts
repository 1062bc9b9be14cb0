import { expect, it } from 'vitest'
import { RpcError } from '../../shared/protocol/errors.ts'
import type { Sample } from '../../shared/protocol/methods.ts'
import type { Client, EventOptions, EventStream } from '../../tui/client/index.ts'
import { type Control, startControl } from '../control/start-control.ts'
import { sampleOf } from '../helpers/sample.ts'
import { openClient, unixTarget } from './open-client.ts'

interface Watched extends Control {
  readonly client: Client
  readonly samples: EventStream<Sample>
  /** Let the daemon tell of these samples, and see that they have come. */
  tell(...seqs: readonly number[]): Promise<void>
}

/** A client that goes through the samples of a daemon. */
async function watch(options?: EventOptions): Promise<Watched> {
  const control = await startControl()
  const client = await openClient(unixTarget(control))
  const samples = client.events('metrics.sample', options)
  await client.call('metrics.subscribe', {})
  const tell = async (...seqs: readonly number[]) => {
    // One at a time: of samples that wait to be sent the daemon keeps the newest.
    for (const seq of seqs) {
      control.backend.metrics.push(sampleOf(seq))
      await client.call('session.whoami', {})
    }
  }
  return { ...control, client, samples, tell }
}

async function take(stream: EventStream<Sample>): Promise<number | 'end'> {
  const { done, value } = await stream.next()
  return done ? 'end' : value.seq
}

it('gives events in order, whether they came before they were asked for or after', async () => {
  const { samples, tell } = await watch()
  await tell(1, 2)
  expect([await take(samples), await take(samples)]).toEqual([1, 2])
  const [third, fourth] = [take(samples), take(samples)]
  await tell(3, 4)
  expect([await third, await fourth]).toEqual([3, 4])
  expect(samples.lost).toBe(0)
})

it('drops the oldest beyond the limit, and counts them', async () => {
  const { samples, tell } = await watch({ limit: 2 })
  await tell(1, 2, 3, 4, 5)
  expect([await take(samples), await take(samples), samples.lost]).toEqual([4, 5, 3])
})

it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses a limit of %d', async (limit) => {
  const client = await openClient(unixTarget(await startControl()))
  expect(() => client.events('metrics.sample', { limit })).toThrow(RangeError)
})

it('gives what came before the connection ended, then throws why, then is over', async () => {
  const { samples, tell, server } = await watch()
  await tell(1)
  await server.close()
  expect(await take(samples)).toBe(1)
  await expect(take(samples)).rejects.toMatchObject({
    code: 'lost',
    message: expect.stringContaining('the daemon ends'),
  })
  expect(await take(samples)).toBe('end')
})

it('throws out of a loop that waits when the connection ends', async () => {
  const { client, samples } = await watch()
  const first = take(samples)
  const second = take(samples)
  client.close()
  await expect(first).rejects.toMatchObject({ code: 'closed' })
  expect(await second).toBe('end')
  await expect(take(client.events('metrics.sample'))).rejects.toMatchObject({ code: 'closed' })
})

it('ends quietly when the signal aborts, waiting or not, and forgets what was not taken', async () => {
  const giveUp = new AbortController()
  const { client, samples, tell } = await watch({ signal: giveUp.signal })
  await tell(1)
  expect(await take(samples)).toBe(1)
  const waiting = take(samples)
  const other = client.events('metrics.sample', { signal: giveUp.signal })
  const pending = take(samples)
  giveUp.abort()
  expect([await waiting, await pending, await take(other)]).toEqual(['end', 'end', 'end'])
  expect(await take(client.events('metrics.sample', { signal: giveUp.signal }))).toBe('end')
})

it('hears no more after break, though the connection goes on', async () => {
  const { client, samples, tell } = await watch({ limit: 1 })
  await tell(1)
  for await (const { seq } of samples) {
    expect(seq).toBe(1)
    break
  }
  await tell(2, 3)
  expect([samples.lost, await take(samples)]).toEqual([0, 'end'])
  await expect(client.call('users.remove', { name: 'nobody' })).rejects.toThrow(RpcError)
})
