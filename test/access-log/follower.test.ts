import { expect, it, vi } from 'vitest'
import { Follower, News } from '../../daemon/access-log/follower.ts'
import type { AccessEntry } from '../../shared/protocol/methods.ts'
import { accessEntryOf } from './entries.ts'

const length = JSON.stringify([accessEntryOf()]).length

const news = () => new News(accessEntryOf())

function begin(room: number) {
  const heard: [count: number, missed: number][] = []
  const follower = new Follower(
    () => true,
    room,
    (entries, missed) => heard.push([JSON.parse(entries).length, missed]),
  )
  return { follower, heard }
}

it('tells all in events of no more than a page', () => {
  const { follower, heard } = begin(1e9)
  follower.tell(
    Array.from({ length: 1001 }, () => news()),
    0,
  )
  follower.tell([], 0)
  expect(heard).toEqual([
    [500, 0],
    [500, 0],
    [1, 0],
  ])
})

it('counts what a follower who does not take it misses, and tells that as soon as they take some', () => {
  const { follower, heard } = begin(2 * length)
  for (let i = 0; i < 5; i++) follower.tell([news()], 0)
  expect(heard).toEqual([
    [1, 0],
    [1, 0],
  ])
  follower.taken(length)
  follower.tell([], 0)
  follower.tell([news()], 2)
  follower.taken(length)
  follower.tell([news()], 0)
  expect(heard.slice(2)).toEqual([
    [0, 3],
    [0, 3],
    [1, 0],
  ])
})

it('puts an entry into words once, however many hear of it', () => {
  const toJSON = vi.fn(() => ({ id: 'k3fq-17' }))
  const entry = new News({ ...accessEntryOf(), toJSON } as AccessEntry)
  const both = [begin(1e9), begin(1e9)]
  for (const { follower } of both) follower.tell([entry], 0)
  expect(both.map(({ heard }) => heard)).toEqual([[[1, 0]], [[1, 0]]])
  expect(toJSON).toHaveBeenCalledTimes(1)
})
