import { expect, it } from 'vitest'
import { type Claimant, FairQueue } from '../../daemon/access/fair-queue.ts'

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

/** Somebody from this source, who gives this name. */
function from(source: string, name = 'bob', isKnown = false) {
  return { source, name, isKnown }
}

/** The order in which tasks of these claimants run, all of which come while one runs. */
async function orderOf(claimants: readonly (readonly [task: string, claimant: Claimant])[], mostWaiting = 100) {
  const queue = new FairQueue(1, mostWaiting)
  const begun: string[] = []
  const first = Promise.withResolvers<void>()
  const all = [queue.run(() => first.promise, from('first'))]
  for (const [task, claimant] of claimants) all.push(queue.run(async () => void begun.push(task), claimant))
  first.resolve()
  await Promise.all(all)
  return begun
}

it('runs so many at once, the others in order as places come free', async () => {
  const queue = new FairQueue(2, 10)
  const { begun, task, end } = tasks()
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => queue.run(task(name), from('here')))
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

it('gives sources their turns, and in each the names theirs', async () => {
  const claimants = ['a1 x', 'a2 x', 'a3 x', 'a4 y', 'b1 x', 'b2 x', 'c1 z'].map((text) => {
    const [task = '', name] = text.split(' ')
    return [task, from(task.charAt(0), name)] as const
  })
  expect(await orderOf(claimants)).toEqual(['a1', 'b1', 'c1', 'a4', 'b2', 'a2', 'a3'])
})

it('serves known sources and strangers by turns, so that neither starve', async () => {
  const claimants = [
    ...['s1', 's2', 's3', 's4'].map((task) => [task, from(task)] as const),
    ...['k1', 'k2'].map((task) => [task, from(task, 'bob', true)] as const),
  ]
  expect(await orderOf(claimants)).toEqual(['k1', 's1', 'k2', 's2', 's3', 's4'])
})

it('drops what is too much where most wait, the newest first, and never runs it', async () => {
  const queue = new FairQueue(1, 3)
  const { begun, task, end } = tasks()
  const run = (name: string, claimant: Claimant) => queue.run(task(name), claimant)
  const running = run('running', from('flood'))
  const [kept, second, third] = ['kept', 'second', 'third'].map((name) => run(name, from('flood', name)))
  const other = run('other', from('other'))
  expect(await third).toBeUndefined()
  const known = run('known', from('known', 'bob', true))
  expect(await second).toBeUndefined()
  // As greedy as all others, and the last to come.
  expect(await run('late', from('late'))).toBeUndefined()
  for (const name of ['running', 'kept', 'other', 'known']) end(name)
  await Promise.all([running, kept, other, known])
  expect(begun).toEqual(['running', 'known', 'kept', 'other'])

  const next = run('next', from('late'))
  end('next')
  expect(await next).toBe('next')
})

it('drops a stranger rather than one of a known source, unless that is the greedier', async () => {
  const known = (name: string) => from('known', name, true)
  expect(
    await orderOf(
      [
        ['s1', from('s1')],
        ['s2', from('s2')],
        ['k1', known('ann')],
      ],
      2,
    ),
  ).toEqual(['k1', 's1'])
  expect(
    await orderOf(
      [
        ['k1', known('ann')],
        ['k2', known('bob')],
        ['s1', from('s1')],
      ],
      2,
    ),
  ).toEqual(['k1', 's1'])
})

it('lets a newcomer in under a flood that never ends', async () => {
  const queue = new FairQueue(1, 20)
  let guesses = 0
  let isOver = false
  /** One guess more for each that is answered or dropped. */
  const flood = async (source: string) => {
    while (!isOver) await queue.run(async () => void guesses++, from(source, `guess${guesses}`))
  }
  const floods = Array.from({ length: 50 }, (_, i) => flood(`flood${i % 10}`))
  const before = guesses
  expect(await queue.run(async () => 'in', from('good'))).toBe('in')
  expect(guesses - before).toBeLessThan(12)
  isOver = true
  await Promise.all(floods)
})

it('lets urgent tasks pass, even a full queue', async () => {
  const queue = new FairQueue(1, 1)
  const { begun, task, end } = tasks()
  const all = [queue.run(task('a'), from('a')), queue.run(task('b'), from('b')), queue.runNext(task('urgent'))]
  for (const name of ['a', 'b', 'urgent']) end(name)
  await Promise.all(all)
  expect(begun).toEqual(['a', 'urgent', 'b'])
})

it('goes on after a failure', async () => {
  const queue = new FairQueue(1, 1)
  const { task, end, fail } = tasks()
  const first = queue.run(task('a'), from('a'))
  const second = queue.run(task('b'), from('b'))
  fail('a')
  await expect(first).rejects.toThrow('a')
  end('b')
  expect(await second).toBe('b')
})
