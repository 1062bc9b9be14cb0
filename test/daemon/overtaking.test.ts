import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { Channel } from '../../daemon/upgrade/channel.ts'
import { overtake } from '../../daemon/upgrade/overtaking.ts'
import { eventually } from '../helpers/eventually.ts'

/** The pipe between a process and the one before it. */
function channels(answer: (question: string, given: unknown) => unknown): Channel {
  const [one, other] = [0, 1].map(() => Object.assign(new EventEmitter(), { connected: true }))
  const ends = [one, other].map((end, i) =>
    Object.assign(end as EventEmitter & { connected: boolean }, {
      send: (message: unknown) => setImmediate(() => (i === 0 ? other : one)?.emit('message', message)) !== undefined,
    }),
  )
  new Channel(ends[1] as (typeof ends)[number], answer)
  return new Channel(ends[0] as (typeof ends)[number], () => undefined)
}

test('of processes that each keep a connection, those drain that many upgrades have followed', async () => {
  const drained: string[] = []
  let newest: Channel | undefined
  const upgrade = (generation: number) => {
    const before = newest
    const ending = { stop: (asker: string) => drained.push(`${generation}: ${asker}`) }
    overtake(before, ending)
    newest = channels((question, given) => {
      expect(question).toBe('overtaken')
      overtake(before, ending, (given as { by: number }).by)
    })
  }
  for (let generation = 1; generation <= 18; generation++) upgrade(generation)
  await eventually(() =>
    expect(drained).toEqual([1, 2].map((oldest) => `${oldest}: 17 upgrades have followed this process`)),
  )
})
