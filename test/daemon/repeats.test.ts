import { expect, it, onTestFinished, vi } from 'vitest'
import { withoutRepeats } from '../../daemon/repeats.ts'

it('tells a text again only after ten seconds, and others meanwhile', () => {
  const told: string[] = []
  let now = 0
  const tell = withoutRepeats(
    (text) => told.push(text),
    () => now,
  )
  for (const [at, text] of [
    [0, 'full'],
    [1, 'full'],
    [2, 'slow'],
    [9_999, 'full'],
    [10_000, 'full'],
    [19_999, 'full'],
  ] as const) {
    now = at
    tell(text)
  }
  expect(told).toEqual(['full', 'slow', 'full'])
})

it('remembers a few texts only', () => {
  const told: string[] = []
  const tell = withoutRepeats(
    (text) => told.push(text),
    () => 0,
  )
  const texts = Array.from({ length: 17 }, (_, i) => `text ${i}`)
  for (const text of [...texts, 'text 0', 'text 16']) tell(text)
  expect(told).toEqual([...texts, 'text 0'])
})

it('goes by a clock that nobody sets back', () => {
  const told: string[] = []
  const wall = vi.spyOn(Date, 'now').mockReturnValue(86_400_000)
  const steady = vi.spyOn(performance, 'now').mockReturnValue(0)
  onTestFinished(() => void vi.restoreAllMocks())
  const tell = withoutRepeats((text) => told.push(text))
  tell('full')
  wall.mockReturnValue(0)
  steady.mockReturnValue(10_000)
  tell('full')
  wall.mockReturnValue(172_800_000)
  tell('full')
  expect(told).toEqual(['full', 'full'])
})
