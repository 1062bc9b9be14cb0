import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FlowHeap, movedLately } from '../../daemon/engine/shared/flow-heap.ts'

describe('a heap of flows', () => {
  it('has first the one that has moved least, and of equals who came first, whoever comes and goes', () => {
    const moves = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.nat(40)), { maxLength: 100 })
    fc.assert(
      fc.property(moves, (all) => {
        const heap = new FlowHeap<{ moved: number }>()
        const expected: { flow: { moved: number }; waiting: ReturnType<typeof heap.add> }[] = []
        for (const [moved, who] of all) {
          const [gone] = expected.splice(who, 1)
          const flow = { moved }
          if (gone) heap.delete(gone.waiting)
          else expected.push({ flow, waiting: heap.add(flow, moved, 1_000) })
          expect(heap.size).toBe(expected.length)
          expect(heap.first).toBe(expected.toSorted((a, b) => a.flow.moved - b.flow.moved)[0]?.flow)
        }
      }),
    )
  })

  it('compares what counts of it by then, whenever they came', () => {
    const heap = new FlowHeap<string>()
    heap.add('early', 1_000, 5_000)
    const later = movedLately(1_000, 300)
    const more = heap.add('more', 1.01 * later, 5_300)
    expect(heap.first).toBe('early')
    heap.delete(more)
    heap.add('less', 0.99 * later, 5_300)
    expect(heap.first).toBe('less')
  })

  it('lets nobody wait for ever behind those who have only just come', () => {
    const heap = new FlowHeap<string>()
    heap.add('waits', 100_000, 5_000)
    let ahead = heap.add('new', 0, 5_000)
    expect(heap.first).toBe('new')
    // There is a new one whenever one has had its turn.
    for (let now = 5_010; heap.first === 'new'; now += 10) {
      expect(now).toBeLessThan(8_000)
      heap.delete(ahead)
      ahead = heap.add('new', 0, now)
    }
  })

  it('tells those apart that have moved nothing', () => {
    const heap = new FlowHeap<string>()
    const first = heap.add('first', 0, 5_000)
    heap.add('second', 0, 5_000)
    expect(heap.first).toBe('first')
    heap.delete(first)
    expect(heap.first).toBe('second')
  })
})
