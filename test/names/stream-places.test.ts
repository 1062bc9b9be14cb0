import { expect, test } from 'vitest'
import { StreamPlaces } from '../../daemon/names/stream-places.ts'

/** Streams of two sources, and who has got a place, in their order. */
function makePlaces(most: number) {
  const places = new StreamPlaces(most)
  const entered: string[] = []
  return {
    entered,
    enter: async (place: string) => {
      await places.enter({ user: undefined, place })
      entered.push(place)
    },
    leave: (place: string) => places.leave({ user: undefined, place }),
  }
}

test('who asks for many streams, none of which ends, keeps nobody else waiting', async () => {
  const { entered, enter } = makePlaces(32)
  for (let i = 0; i < 200; i++) void enter('greedy')
  await enter('other')
  expect(entered).toEqual([...Array<string>(16).fill('greedy'), 'other'])
})

test('a place that is given back goes to who has waited longest of those who may have it', async () => {
  const { entered, enter, leave } = makePlaces(2)
  await enter('greedy')
  const [second] = [enter('greedy'), enter('greedy')]
  await enter('other')
  leave('greedy')
  await second
  expect(entered).toEqual(['greedy', 'other', 'greedy'])
})
