import { expect, it } from 'vitest'
import { UserTraffic } from '../../daemon/observe/user-traffic.ts'
import { FakeLoop } from './fake-loop.ts'

it('adds up the sessions of all loops, live and ended', () => {
  const loops = [new FakeLoop(), new FakeLoop()] as const
  const traffic = new UserTraffic(loops.map(({ table }) => table))
  for (const loop of loops) {
    loop.begin(0, { serial: 1 })
    loop.login(0, 3)
    loop.move(0, 10, 200)
  }
  expect(traffic.of(3)).toEqual({ connections: 2, up: 20, down: 400 })
  loops[1].end(0)
  expect(traffic.of(3)).toEqual({ connections: 1, up: 20, down: 400 })
  expect(traffic.of(2)).toEqual({ connections: 0, up: 0, down: 0 })
})

it('starts from nothing for the next owner of an index', () => {
  const loop = new FakeLoop()
  const traffic = new UserTraffic([loop.table])
  const session = (up: number, down: number) => {
    loop.begin(0, { serial: 1 })
    loop.login(0, 3)
    loop.move(0, up, down)
  }
  session(10, 200)
  loop.end(0)
  traffic.begin(3)
  expect(traffic.of(3)).toEqual({ connections: 0, up: 0, down: 0 })
  session(1, 2)
  expect(traffic.of(3)).toEqual({ connections: 1, up: 1, down: 2 })
})
