import { expect, it } from 'vitest'
import { WorkQueue } from '../../daemon/access/work-queue.ts'

/** Tasks that end when told to, and the names of those that began. */
function tasks() {
  const begun: string[] = []
  const ends = new Map<string, PromiseWithResolvers<string>>()
  const task = (name: string) => {
    const end = Promise.withResolvers<string>()
    ends.set(name, end)
    return () => {
      begun.push(name)
      return end.promise
    }
  }
  return {
    begun,
    task,
    end: (name: string) => ends.get(name)?.resolve(name),
    fail: (name: string) => ends.get(name)?.reject(new Error(name)),
  }
}

it('runs so many at once, the others in order as places come free', async () => {
  const queue = new WorkQueue(2, 10)
  const { begun, task, end } = tasks()
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => queue.run(task(name)))
  expect(begun).toEqual(['a', 'b'])
  end('b')
  expect(await b).toBe('b')
  end('a')
  expect(await a).toBe('a')
  end('c')
  end('d')
  expect(await Promise.all([c, d])).toEqual(['c', 'd'])
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
})

it('refuses what comes while too many wait, and never runs it', async () => {
  const queue = new WorkQueue(1, 2)
  const { begun, task, end } = tasks()
  const accepted = ['a', 'b', 'c'].map((name) => queue.run(task(name)))
  expect(queue.run(task('d'))).toBeUndefined()
  for (const name of ['a', 'b', 'c']) end(name)
  await Promise.all(accepted)
  expect(begun).toEqual(['a', 'b', 'c'])

  const next = queue.run(task('e'))
  end('e')
  expect(await next).toBe('e')
})

it('lets urgent tasks pass, even a full queue', async () => {
  const queue = new WorkQueue(1, 1)
  const { begun, task, end } = tasks()
  const all = [queue.run(task('a')), queue.run(task('b')), queue.runNext(task('urgent'))]
  for (const name of ['a', 'b', 'urgent']) end(name)
  await Promise.all(all)
  expect(begun).toEqual(['a', 'urgent', 'b'])
})

it('goes on after a failure', async () => {
  const queue = new WorkQueue(1, 1)
  const { task, end, fail } = tasks()
  const first = queue.run(task('a'))
  const second = queue.run(task('b'))
  fail('a')
  await expect(first).rejects.toThrow('a')
  end('b')
  expect(await second).toBe('b')
})
