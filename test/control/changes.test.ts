import { setImmediate } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { Changes } from '../../daemon/control/changes.ts'

const never = new AbortController().signal

it('waits for those under way, and has others wait until they may go on', async () => {
  const changes = new Changes()
  const first = Promise.withResolvers<object>()
  const done: string[] = []
  const note = (name: string) => () => void done.push(name)
  void changes.make(() => first.promise).then(note('first'))
  void changes.hold(never).then(note('held'))
  void changes.make(async () => ({})).then(note('second'))
  await setImmediate()
  expect(done).toEqual([])
  first.resolve({})
  await vi.waitFor(() => expect(done.toSorted()).toEqual(['first', 'held']))
  changes.release()
  await vi.waitFor(() => expect(done.at(-1)).toBe('second'))
})

it('waits no longer than it is told to', async () => {
  const changes = new Changes()
  const late = Promise.withResolvers<object>()
  const change = changes.make(() => late.promise)
  const over = new AbortController()
  const held = changes.hold(over.signal)
  over.abort()
  await held
  late.resolve({})
  await change
})

it('makes none any more once another process makes them', async () => {
  const changes = new Changes()
  await changes.hold(never)
  const change = vi.fn(async () => ({}))
  const waiting = changes.make(change)
  expect(changes.makeAtOnce(() => 'drains')).toBe('drains')
  changes.refuse()
  for (const made of [waiting, changes.make(change)]) await expect(made).rejects.toMatchObject({ kind: 'unavailable' })
  expect(() => changes.makeAtOnce(change)).toThrow('replaced by its successor')
  expect(change).not.toHaveBeenCalled()
})

it('makes what connections obey in the other process, too, and tells of both', async () => {
  const changes = new Changes()
  const repeat = vi.fn(async () => ({ cut: 2, killed: ['b'], missing: ['a', 'c'] }))
  changes.repeat = repeat
  const here = () => ({ cut: 1, stored: true, killed: ['a'], missing: ['b', 'c'] })
  expect(await changes.everywhere('connections.kill', { ids: ['a', 'b', 'c'] }, here)).toEqual({
    cut: 3,
    stored: true,
    killed: ['a', 'b'],
    missing: ['c'],
  })
  expect(repeat).toHaveBeenCalledExactlyOnceWith('connections.kill', { ids: ['a', 'b', 'c'] })
  await changes.everywhere('rules.apply', { text: '', dryRun: true }, here)
  await changes.everywhere('operators.remove', { name: 'ann' }, here)
  expect(repeat).toHaveBeenCalledOnce()
})
