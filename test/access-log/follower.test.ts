import { expect, it } from 'vitest'
import { Follower } from '../../daemon/access-log/follower.ts'
import { accessEntryOf } from './entries.ts'

const length = JSON.stringify([accessEntryOf()]).length

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
    Array.from({ length: 1001 }, () => accessEntryOf()),
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
  for (let i = 0; i < 5; i++) follower.tell([accessEntryOf()], 0)
  expect(heard).toEqual([
    [1, 0],
    [1, 0],
  ])
  follower.taken(length)
  follower.tell([], 0)
  follower.tell([accessEntryOf()], 2)
  follower.taken(length)
  follower.tell([accessEntryOf()], 0)
  expect(heard.slice(2)).toEqual([
    [0, 3],
    [0, 3],
    [1, 0],
  ])
})
