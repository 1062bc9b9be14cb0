import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { EndedRing } from '../../daemon/engine/ended-ring.ts'

const size = 8
const first = 5

/** A ring whose rows hold the numbers of what was written to them, and which has been written `before` times already. */
function ringAfter(before: number) {
  const count = Int32Array.of(before)
  const rows = new Float64Array(first + size).fill(-1)
  const ring = new EndedRing(count, first, size)
  const write = () => {
    rows[ring.next] = ring.count
    ring.push()
  }
  return { ring, rows, write }
}

const starts = fc.constantFrom(0, 1, size - 1, 2 ** 31 - 3, -(2 ** 31) + 2, -3)

it('gives what was written since, oldest first, and says how much was written over', () => {
  fc.assert(
    fc.property(starts, fc.array(fc.nat(3 * size)), (before, bursts) => {
      const { ring, rows, write } = ringAfter(before)
      let from = ring.count
      for (const burst of bursts) {
        for (let i = 0; i < burst; i++) write()
        const to = ring.count
        const { values, lost } = ring.drain(from, to, (row) => rows[row])
        expect(values.length + lost).toBe(burst)
        expect(lost).toBe(Math.max(0, burst - (size - 1)))
        expect(values).toEqual(Array.from({ length: values.length }, (_, i) => (from + lost + i) | 0))
        from = to
      }
    }),
  )
})

it('loses nothing that is not written over, and gives nothing that is, whatever is written while it is read', () => {
  fc.assert(
    fc.property(starts, fc.nat(2 * size), fc.array(fc.nat(3), { minLength: size }), (before, burst, meanwhile) => {
      const { ring, rows, write } = ringAfter(before)
      const from = ring.count
      for (let i = 0; i < burst; i++) write()
      let reads = 0
      const read = (row: number) => {
        const seen = rows[row]
        for (let i = 0; i < (meanwhile[reads] ?? 0); i++) write()
        reads++
        return seen
      }
      const to = ring.count
      const { values, lost } = ring.drain(from, to, read)
      expect(values.length + lost).toBe(burst)
      const numbers = Array.from({ length: burst }, (_, i) => (from + i) | 0)
      expect(values.filter((value) => !numbers.includes(value as number))).toEqual([])
      expect(values).toEqual([...values].sort((a, b) => numbers.indexOf(a as number) - numbers.indexOf(b as number)))
    }),
  )
})

it('has all rows from the oldest on', () => {
  for (let written = 0; written < 3 * size; written++) {
    const { ring, rows, write } = ringAfter(0)
    for (let i = 0; i < written; i++) write()
    const { values, lost } = ring.drain(ring.oldest, ring.count, (row) => rows[row])
    expect(lost).toBe(0)
    expect(values).toHaveLength(Math.min(written, size - 1))
  }
})

it('takes a size that is a power of two, and no other', () => {
  expect(() => new EndedRing(new Int32Array(1), 0, 12)).toThrow(RangeError)
})

it('gives each reader whole rows only, while another thread writes as fast as it can', async () => {
  const count = new Int32Array(new SharedArrayBuffer(4))
  const rows = new Float64Array(new SharedArrayBuffer(8 * 16 * 4))
  const ring = new EndedRing(count, 0, 16)
  const path = JSON.stringify(new URL('../../daemon/engine/ended-ring.ts', import.meta.url).href)
  const total = 300_000
  const writer = new Worker(
    `const { workerData: { count, rows } } = require('node:worker_threads')
    import(${path}).then(({ EndedRing }) => {
      const ring = new EndedRing(count, 0, 16)
      for (let number = 0; number < ${total}; number++) {
        const row = ring.next
        for (let column = 0; column < 4; column++) rows[4 * row + column] = number
        ring.push()
      }
    })`,
    { eval: true, workerData: { count, rows } },
  )
  const ended = once(writer, 'exit')
  onTestFinished(() => void writer.terminate())
  let from = 0
  let told = 0
  let missed = 0
  while (from < total) {
    const to = ring.count
    const { values, lost } = ring.drain(from, to, (row) => [...rows.subarray(4 * row, 4 * row + 4)])
    for (const [number, ...others] of values) {
      if (others.some((other) => other !== number)) throw new Error(`torn: ${[number, ...others]}`)
    }
    told += values.length
    missed += lost
    from = to
    if (values.length === 0) await new Promise(setImmediate)
  }
  expect(told + missed).toBe(total)
  expect(told).toBeGreaterThan(0)
  await ended
})
