import { expect, it } from 'vitest'
import { Crowd } from '../../daemon/engine/portable/crowd.ts'

it('has whoever has come and not gone, once each', () => {
  const crowd = new Crowd<{ name: string }>()
  const [ann, bob, cleo, dan] = [{ name: 'ann' }, { name: 'bob' }, { name: 'cleo' }, { name: 'dan' }]
  const names = () => crowd.all.map(({ name }) => name).sort()
  for (const one of [ann, bob, cleo, ann]) crowd.add(one)
  expect([names(), crowd.size]).toEqual([['ann', 'bob', 'cleo'], 3])

  for (const one of [ann, ann, dan]) crowd.delete(one)
  expect([names(), crowd.size]).toEqual([['bob', 'cleo'], 2])
  for (const one of [dan, bob]) crowd.delete(one)
  crowd.add(ann)
  expect(names()).toEqual(['ann', 'cleo'])
  for (const one of [cleo, ann]) crowd.delete(one)
  expect([names(), crowd.size]).toEqual([[], 0])
})
