import { expect, it } from 'vitest'
import { followLog } from '../../daemon/control/handlers/log.ts'
import type { EventParams } from '../../shared/protocol/methods.ts'
import { FakeBackend } from './fake-backend.ts'

type Pushed = EventParams<'log.entries'>

function follow(options: Partial<Parameters<typeof followLog>[2]> = {}) {
  const { log } = new FakeBackend()
  const pushed: Pushed[] = []
  const outlet = { ready: true, send: (line: string) => void pushed.push(JSON.parse(line).params) }
  const follower = followLog(log, outlet, {
    wants: ({ level }) => level !== 'debug',
    waiting: 3,
    line: 10_000,
    ...options,
  })
  return { log, pushed, outlet, follower }
}

/** The turn of the event loop in which what was said is sent. */
const turn = () => new Promise(setImmediate)

function seqs({ entries }: Pushed): number[] {
  return entries.map(({ seq }) => seq)
}

it('sends the entries of one turn in one event, whole', async () => {
  const { log, pushed } = follow()
  const entries = [log.say('info', 'one'), log.say('error', 'two')]
  expect(pushed).toEqual([])
  await turn()
  expect(pushed).toEqual([{ entries, lost: 0 }])
  log.say('info', 'three')
  await turn()
  expect(pushed.map(seqs)).toEqual([[1, 2], [3]])
})

it('sends what is wanted', async () => {
  const { log, pushed } = follow()
  for (const each of ['debug', 'info', 'warn', 'error'] as const) log.say(each, 'x')
  await turn()
  expect(pushed.flatMap(seqs)).toEqual([2, 3, 4])
})

it('keeps the newest for a client that is slow, and counts the lost of those it wants once', async () => {
  const { log, pushed, outlet, follower } = follow()
  outlet.ready = false
  for (let i = 0; i < 10; i++) log.say(i % 2 === 0 ? 'info' : 'debug', 'x')
  await turn()
  follower.pump()
  expect(pushed).toEqual([])
  outlet.ready = true
  follower.pump()
  follower.pump()
  log.say('warn', 'later')
  await turn()
  expect(pushed.map((event) => [seqs(event), event.lost])).toEqual([
    [[5, 7, 9], 2],
    [[11], 0],
  ])
})

it('sends no event that is longer than a line, and counts what did not fit', async () => {
  const { log, pushed } = follow({ waiting: 100 })
  for (let i = 0; i < 20; i++) log.say('info', 'x'.repeat(1000))
  await turn()
  expect(pushed).toHaveLength(1)
  expect(JSON.stringify(pushed[0]).length).toBeLessThan(10_000)
  expect(pushed[0]?.entries.at(-1)?.seq).toBe(20)
  expect((pushed[0]?.entries.length ?? 0) + (pushed[0]?.lost ?? 0)).toBe(20)
})

it('sends nothing once it has stopped, and hears nothing', async () => {
  const { log, pushed, follower } = follow()
  log.say('info', 'said before, and too late')
  follower.stop()
  await turn()
  expect(pushed).toEqual([])
  expect(log.watchers).toBe(0)
})
