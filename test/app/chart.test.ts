import '../helpers/blessed-stand-in.ts'
import { describe, expect, test } from 'vitest'
import { brailleToAscii, runsOf, stripColors } from '../../tui/app/chart/ansi.ts'
import { resample } from '../../tui/app/chart/resample.ts'
import { scaleFor } from '../../tui/app/chart/scale.ts'
import { columnsOf } from '../../tui/app/text.ts'

const { chartValues, drawLineChart } = await import('../../tui/app/chart/line-chart.ts')

describe('a graph', () => {
  const width = 40
  const height = 8
  const count = chartValues(width)
  const draw = (values: readonly number[], top = 5) => drawLineChart({ width, height, values, top, steps: 5 })
  /** Braille characters right of the axis, by row; the baseline left out. */
  const ink = (rows: readonly string[]) =>
    rows.slice(0, -1).map((row) => [...stripColors(row).slice(7)].map((character) => /[⠁-⣿]/.test(character)))

  test('has exactly its size', () => {
    const rows = draw(new Array(count).fill(2))
    expect(rows).toHaveLength(height)
    expect(rows.map((row) => columnsOf(stripColors(row)))).toEqual(new Array(height).fill(width))
  })

  test('shows every value, the oldest at the axis and the newest at the right end', () => {
    const [first, last] = [new Array(count).fill(0), new Array(count).fill(0)]
    first[0] = 5
    last[count - 1] = 5
    const columns = (values: number[]) => ink(draw(values))[0]?.flatMap((there, column) => (there ? [column] : []))
    expect(columns(first)).toEqual([0])
    expect(columns(last)).toEqual([width - 8])
  })

  test('has a gap where nothing is known, and not a line to zero', () => {
    const values = Array.from({ length: count }, (_, at) => (at >= 20 && at < 40 ? Number.NaN : 4))
    for (const row of ink(draw(values))) expect(row.slice(11, 19)).not.toContain(true)
    expect(ink(draw(values)).flat().filter(Boolean)).not.toHaveLength(0)
  })

  test('shows a trickle above nothing, and what is over the top at the top', () => {
    const flat = (value: number) => draw(new Array(count).fill(value)).map(stripColors).join('\n')
    expect(flat(0.0001)).not.toBe(flat(0))
    expect(flat(1e9)).toBe(flat(5))
  })

  test('of nothing at all is empty, and ends', () => {
    expect(ink(draw(new Array(count).fill(Number.NaN))).flat()).not.toContain(true)
  })
})

describe('colors', () => {
  test('are told once a run, and go', () => {
    const row = ' \u001b[36m⠒\u001b[39m\u001b[36m⠒\u001b[39m  \u001b[39m\u001b[49m5\u001b[39m\u001b[49m'
    expect(runsOf(row)).toEqual([
      { text: ' ', drawn: false },
      { text: '⠒⠒  ', drawn: true },
      { text: '5', drawn: false },
    ])
    expect(stripColors(row)).toBe(' ⠒⠒  5')
  })

  test('braille becomes ASCII by its height', () => {
    expect(brailleToAscii('0⠉⠒⠤⣀⡇⣿ ')).toBe('0"-._|| ')
  })
})

describe('resampling', () => {
  const second = (time: number, up: number, span = 1000) => ({ time, span, up, down: 2 * up })

  test('puts each interval where it was', () => {
    expect(resample([second(1000, 1), second(2000, 2), second(3000, 3)], 3000, 1000, 4)).toEqual({
      up: [Number.NaN, 1, 2, 3],
      down: [Number.NaN, 2, 4, 6],
    })
  })

  test('spreads an interval that took longer, and leaves what was not seen open', () => {
    expect(resample([second(3000, 6, 3000), second(6000, 9)], 6000, 1000, 6).up).toEqual([
      6,
      6,
      6,
      Number.NaN,
      Number.NaN,
      9,
    ])
  })

  test('takes means over longer steps', () => {
    expect(resample([second(1000, 2), second(2000, 4), second(3000, 6), second(4000, 8)], 4000, 2000, 2).up).toEqual([
      3, 7,
    ])
  })

  test('does not tear holes when the clock is a little off', () => {
    const points = Array.from({ length: 60 }, (_, at) => {
      const time = 1000 * at + (at % 3) * 7
      return second(time, 5, 1000 + (at % 3 === 0 ? -14 : 7))
    })
    for (const rate of resample(points, points.at(-1)?.time ?? 0, 1000, 50).up) expect(rate).toBeCloseTo(5)
  })
})

describe('the scale', () => {
  test.each([
    [0, 'bytes', 1000, 'B/s'],
    [1024, 'bytes', 1, 'KiB/s'],
    [1025, 'bytes', 2, 'KiB/s'],
    [501 * 1024, 'bytes', 1, 'MiB/s'],
    [3.2 * 1024 ** 2, 'bytes', 5, 'MiB/s'],
    [99 * 1024 ** 3, 'bytes', 100, 'GiB/s'],
    [0, 'bits', 1000, 'bit/s'],
    [126, 'bits', 2, 'kbit/s'],
    [1_000_000, 'bits', 10, 'Mbit/s'],
  ] as const)('for %d bytes a second in %s goes up to %d %s', (most, rateUnit, top, unit) => {
    const scale = scaleFor(most, rateUnit)
    expect(scale).toMatchObject({ top, unit })
    expect(scale.top * scale.bytesPerUnit).toBeGreaterThanOrEqual(most)
  })

  test('has labels without rounding', () => {
    for (let most = 1; most < 1e12; most *= 1.7) {
      const { top, steps } = scaleFor(most, 'bytes')
      const step = top / steps
      expect(Number(step.toFixed(step < 1 ? 2 : 0))).toBe(step)
    }
  })
})
