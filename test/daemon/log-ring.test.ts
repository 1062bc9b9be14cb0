import { expect, onTestFinished, test, vi } from 'vitest'
import { LogRing } from '../../daemon/log-ring.ts'
import type { LogEntry } from '../../shared/protocol/methods.ts'
import { logLevels } from '../../shared/protocol/vocabulary.ts'

function say(ring: LogRing, message: string, level: LogEntry['level'] = 'info'): void {
  ring.add({ time: 1, level, message })
}

/** A level or graver ones. */
function from(level: LogEntry['level']): (entry: LogEntry) => boolean {
  return (entry) => logLevels.indexOf(entry.level) >= logLevels.indexOf(level)
}

function messages(entries: readonly LogEntry[]): string[] {
  return entries.map(({ message }) => message)
}

test('tells the newest lines that are wanted, oldest first', () => {
  const ring = new LogRing()
  say(ring, 'a', 'debug')
  say(ring, 'b', 'error')
  say(ring, 'c')
  say(ring, 'd', 'warn')
  expect(messages(ring.history(10, from('debug')))).toEqual(['a', 'b', 'c', 'd'])
  expect(messages(ring.history(2, from('info')))).toEqual(['c', 'd'])
  expect(messages(ring.history(2, from('warn')))).toEqual(['b', 'd'])
  expect(messages(ring.history(10, from('error')))).toEqual(['b'])
  expect(ring.history(0, from('debug'))).toEqual([])
  expect(ring.history(10, from('debug')).map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
})

test('keeps 1,000 lines', () => {
  const ring = new LogRing()
  for (let i = 1; i <= 1_500; i++) say(ring, `${i}`)
  const kept = ring.history(2_000, from('debug'))
  expect([kept.length, kept[0]?.seq, kept.at(-1)?.seq]).toEqual([1_000, 501, 1_500])
})

test('keeps fewer lines if they are long, and of one line no more than its beginning', () => {
  const ring = new LogRing()
  for (let i = 0; i < 1_000; i++)
    ring.add({ time: 1, level: 'info', message: 'é'.repeat(1e5), fields: { err: 'x'.repeat(1e5) } })
  const kept = ring.history(1_000, from('debug'))
  expect(kept.length).toBeGreaterThan(100)
  expect(JSON.stringify(kept).length).toBeLessThan(1.2 * 1024 * 1024)
  expect(kept[0]?.message).toMatch(/^é{4096}…$/)
  expect(kept[0]?.fields?.err).toMatch(/^x{4096}…$/)
})

test('a text cut inside a character stays well-formed', () => {
  const ring = new LogRing()
  say(ring, `x${'😀'.repeat(4096)}`)
  expect(ring.history(1, from('info'))[0]?.message.isWellFormed()).toBe(true)
})

test('tells watchers each new line, until they stop', () => {
  const ring = new LogRing()
  const heard: LogEntry[] = []
  say(ring, 'before')
  const stop = ring.watch((entry) => heard.push(entry))
  say(ring, 'during', 'debug')
  stop()
  say(ring, 'after')
  expect(heard).toEqual([{ seq: 2, time: 1, level: 'debug', message: 'during' }])
})

test('a watcher that fails keeps nobody from later lines', () => {
  const ring = new LogRing()
  const heard: string[] = []
  ring.watch(({ message }) => {
    heard.push(message)
    if (message === 'bad') throw new Error('made for this test')
  })
  vi.useFakeTimers({ toFake: ['setImmediate'] })
  onTestFinished(() => void vi.useRealTimers())
  say(ring, 'bad')
  say(ring, 'good')
  expect(heard).toEqual(['bad', 'good'])
  // The fault is nobody's who told the line, and is thrown in a turn of its own.
  expect(() => vi.runAllTimers()).toThrow('made for this test')
})

test('all watchers hear the lines in their order, also those that one of them causes', () => {
  const ring = new LogRing()
  const heard: string[] = []
  ring.watch(({ message }) => {
    if (message === 'first') say(ring, 'second')
  })
  ring.watch(({ message }) => heard.push(message))
  say(ring, 'first')
  expect(heard).toEqual(['first', 'second'])
})
