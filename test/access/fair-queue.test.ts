import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Claimant, FairQueue, type Standing } from '../../daemon/access/fair-queue.ts'

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
function from(source: string, name = 'bob', standing: Standing = 'unknown'): Claimant {
  return { source, name, standing }
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

it('serves the known first, the unknown then, and suspects last, but lets none of them starve', async () => {
  const line = (standing: Standing, count: number) =>
    Array.from({ length: count }, (_, i) => [`${standing}${i}`, from(`${standing}${i}`, 'bob', standing)] as const)
  const few = [...line('suspect', 2), ...line('unknown', 2), ...line('known', 2)]
  expect(await orderOf(few)).toEqual(['known0', 'known1', 'unknown0', 'unknown1', 'suspect0', 'suspect1'])
  const begun = await orderOf([...line('suspect', 40), ...line('unknown', 40), ...line('known', 40)], 200)
  const inOneRound = begun.slice(0, 16).map((task) => task.replace(/\d+$/, ''))
  expect(Map.groupBy(inOneRound, (standing) => standing).get('known')).toHaveLength(12)
  expect(inOneRound.filter((standing) => standing === 'unknown')).toHaveLength(3)
  expect(inOneRound.at(-1)).toBe('suspect')
})

it('drops what is too much where most wait, the oldest first, and never runs it', async () => {
  const queue = new FairQueue(1, 3)
  const { begun, task, end } = tasks()
  const run = (name: string, claimant: Claimant) => queue.run(task(name), claimant)
  const running = run('running', from('flood'))
  const [first, second, third] = ['first', 'second', 'third'].map((name) => run(name, from('flood', name)))
  const other = run('other', from('other'))
  expect(await first).toBeUndefined()
  const known = run('known', from('known', 'bob', 'known'))
  expect(await second).toBeUndefined()
  const last = run('last', from('last'))
  // As greedy as all the others.
  expect(await third).toBeUndefined()
  for (const name of ['running', 'other', 'known', 'last']) end(name)
  await Promise.all([running, other, known, last])
  expect(begun).toEqual(['running', 'known', 'other', 'last'])

  const next = run('next', from('flood'))
  end('next')
  expect(await next).toBe('next')
})

it('keeps whoever comes after a burst from their own source, whichever names it guesses at', async () => {
  const burst = Array.from({ length: 50 }, (_, i) => [`guess${i}`, from('here', `name${i}`)] as const)
  expect(await orderOf([...burst, ['bob', from('here', 'bob')]], 3)).toEqual(['guess48', 'guess49', 'bob'])
  const guesses = burst.map(([task]) => [task, from('here', 'bob')] as const)
  expect(await orderOf([...guesses, ['bob', from('here', 'bob')]], 3)).toEqual(['guess48', 'guess49', 'bob'])
})

it('drops a stranger rather than one of a known source, unless that is the greedier', async () => {
  const known = (name: string) => from('known', name, 'known')
  const crowd = [
    ['k1', known('ann')],
    ['s1', from('s1')],
    ['s2', from('s2')],
  ] as const
  expect(await orderOf(crowd, 2)).toEqual(['k1', 's2'])
  const greedy = [
    ['k1', known('ann')],
    ['k2', known('bob')],
    ['s1', from('s1')],
  ] as const
  expect(await orderOf(greedy, 2)).toEqual(['k2', 's1'])
})

it('runs or drops each task once, keeps its bounds, and leaves no place idle while somebody waits', async () => {
  const claimants = fc.record({
    source: fc.constantFrom('a', 'b', 'c', 'd'),
    name: fc.constantFrom('x', 'y'),
    standing: fc.constantFrom<Standing[]>('known', 'unknown', 'suspect'),
  })
  const bounds = { atOnce: fc.integer({ min: 1, max: 3 }), most: fc.integer({ min: 1, max: 6 }) }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(claimants), { maxLength: 60 }), fc.record(bounds), async (steps, bound) => {
      const queue = new FairQueue(bound.atOnce, bound.most)
      const running: PromiseWithResolvers<void>[] = []
      let [waiting, ran, dropped] = [0, 0, 0]
      const all: Promise<void>[] = []
      for (const step of steps) {
        // Nobody comes, but somebody ends.
        if (step === null) running.shift()?.resolve()
        else {
          waiting++
          const task = () => {
            const end = Promise.withResolvers<void>()
            running.push(end)
            waiting--
            ran++
            return end.promise.then(() => true)
          }
          const outcome = queue.run(task, step).then((done) => {
            if (done) return
            waiting--
            dropped++
          })
          all.push(outcome)
        }
        await setImmediate()
        expect(waiting).toBeLessThanOrEqual(bound.most)
        expect(running.length).toBeLessThanOrEqual(bound.atOnce)
        if (waiting > 0) expect(running.length).toBe(bound.atOnce)
      }
      for (; running.length > 0; await setImmediate()) running.shift()?.resolve()
      await Promise.all(all)
      expect(ran + dropped).toBe(all.length)
    }),
    { numRuns: 50 },
  )
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
