import { expect, it } from 'vitest'
import { HotSockets } from '../../daemon/engine/linux/hot-sockets.ts'

/** Sockets, and what has been asked of the kernel. */
function sockets() {
  const told: string[] = []
  const hot = new HotSockets<string>((fd, owner, isTold) => told.push(`${owner} ${fd} ${isTold ? 'told' : 'quiet'}`))
  const looks = (now: number) => {
    const ready: number[] = []
    hot.look(now, (fd) => ready.push(fd))
    return ready
  }
  return { hot, told, looks }
}

it('has the kernel tell of each datagram where few come', () => {
  const { hot, told, looks } = sockets()
  for (let now = 0; now < 100; now += 0.2) hot.took(5, 'a', 1, now)
  expect(told).toEqual([])
  expect(hot.isEmpty).toBe(true)
  expect(looks(100)).toEqual([])
})

it('looks at a socket each 50 µs once 16 have come within a millisecond, whatever the batches', () => {
  const { hot, told, looks } = sockets()
  for (let i = 0; i < 15; i++) hot.took(5, 'a', 1, 10 + i / 100)
  expect(told).toEqual([])
  hot.took(5, 'a', 1, 10.2)
  hot.took(6, 'a', 16, 10.2)
  expect(told).toEqual(['a 5 quiet', 'a 6 quiet'])
  expect(looks(10.21)).toEqual([5, 6])
  expect(looks(10.25)).toEqual([])
  expect(looks(10.27)).toEqual([5, 6])
})

it('has the kernel tell again after four looks that have found nothing', () => {
  const { hot, told } = sockets()
  hot.took(5, 'a', 16, 10)
  for (const count of [0, 0, 0, 1, 0, 0, 0]) hot.took(5, 'a', count, 10.1)
  expect(told).toEqual(['a 5 quiet'])
  hot.took(5, 'a', 0, 10.2)
  expect(told).toEqual(['a 5 quiet', 'a 5 told'])
  hot.took(5, 'a', 16, 10.3)
  expect(told.at(-1)).toBe('a 5 quiet')
})

it('has it tell again, for 50 ms at least, where looks find less than two at a time', () => {
  const { hot, told } = sockets()
  hot.took(5, 'a', 16, 10)
  for (const count of [1, 0, 2, 1, 0, 2]) hot.took(5, 'a', count, 10.5)
  hot.took(5, 'a', 1, 11)
  expect(told).toEqual(['a 5 quiet', 'a 5 told'])
  hot.took(5, 'a', 16, 60)
  expect(hot.isEmpty).toBe(true)
  hot.took(5, 'a', 16, 61.1)
  for (let now = 61.1; now < 100; now += 0.2) hot.took(5, 'a', 2, now)
  expect(told.slice(2)).toEqual(['a 5 quiet'])
})

it('forgets what is closed: its descriptor may be another socket', () => {
  const { hot, told, looks } = sockets()
  hot.took(5, 'a', 16, 10)
  hot.delete(5)
  expect(hot.isEmpty).toBe(true)
  expect(looks(11)).toEqual([])
  hot.took(5, 'b', 15, 10)
  expect(told).toEqual(['a 5 quiet'])
})
