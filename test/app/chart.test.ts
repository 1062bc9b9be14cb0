import '../helpers/blessed-stand-in.ts'
import { describe, expect, test } from 'vitest'
import { asciiRamp, blockRamp, drawBars, sparkline } from '../../tui/app/chart/bars.ts'
import { brailleToAscii } from '../../tui/app/chart/line-chart.ts'
import { resample } from '../../tui/app/chart/resample.ts'
import { axisLabels, ceilingBeside, ceilingOf, heightOf, scaleFor, sharedScale } from '../../tui/app/chart/scale.ts'
import { columnsOf } from '../../tui/app/text/fit.ts'

const { chartValues } = await import('../../tui/app/chart/line-chart.ts')
const { drawPlot } = await import('../../tui/app/chart/plot.ts')

const scale = scaleFor(5 * 1024, 'bytes')

describe.each(['braille', 'blocks', 'ascii'] as const)('a graph in %s', (drawing) => {
  const width = 40
  const height = 8
  const count = chartValues(width)
  const draw = (heights: readonly number[]) => drawPlot({ width, height, heights }, axisLabels(scale), drawing)
  /** What is drawn right of the axis, by row; the baseline left out. */
  const ink = (heights: readonly number[]) =>
    draw(heights)
      .slice(0, -1)
      .map(({ plot }) => Array.from(plot, (character) => character !== ' ' && character !== '\u2800'))
  const columns = (heights: readonly number[]) => ink(heights)[0]?.flatMap((there, column) => (there ? [column] : []))

  test('has exactly its size', () => {
    const rows = draw(new Array(count).fill(0.4)).map(({ axis, plot }) => axis + plot)
    expect(rows.map(columnsOf)).toEqual(new Array(height).fill(width))
  })

  test('shows every value, the oldest at the axis and the newest at the right end', () => {
    const [first, last] = [new Array(count).fill(0), new Array(count).fill(0)]
    first.fill(1, 0, 2)
    last.fill(1, count - 2)
    expect(columns(first)).toContain(0)
    expect(columns(last)).toContain(width - 8)
    expect([...(columns(first) ?? []), ...(columns(last) ?? [])].filter((at) => at > 1 && at < width - 10)).toEqual([])
  })

  test('has a gap where nothing is known, and not a line to zero', () => {
    const values = Array.from({ length: count }, (_, at) => (at >= 20 && at < 40 ? Number.NaN : 0.8))
    for (const row of ink(values)) expect(row.slice(11, 19)).not.toContain(true)
    expect(ink(values).flat().filter(Boolean)).not.toHaveLength(0)
  })

  test('shows a trickle above nothing', () => {
    const flat = (value: number) => JSON.stringify(draw(new Array(count).fill(value)))
    expect(flat(Number.MIN_VALUE)).not.toBe(flat(0))
  })

  test('is whole up to its top, and what is above is at the top', () => {
    const rowsOf = (value: number) =>
      ink(new Array(count).fill(value)).map((row) => row.slice(0, width - 8).every(Boolean))
    for (const value of [0.94, 0.97, 0.99, 1]) expect(rowsOf(value)[0]).toBe(true)
    const halfway = rowsOf(0.5).indexOf(true)
    expect([2, 3, 4]).toContain(halfway)
    expect(rowsOf(Number.MIN_VALUE).at(-1)).toBe(true)
  })

  test('shows one value between two gaps', () => {
    const values = Array.from({ length: count }, (_, at) => (at === 30 ? 0.8 : Number.NaN))
    expect(ink(values).flat()).toContain(true)
    const newest = Array.from({ length: count }, (_, at) => (at === count - 1 ? 0.8 : Number.NaN))
    expect(ink(newest).flat()).toContain(true)
  })

  test('of nothing at all is empty, and ends', () => {
    expect(ink(new Array(count).fill(Number.NaN)).flat()).not.toContain(true)
  })

  test('is labelled from top to bottom', () => {
    const labels = draw([]).map(({ axis }) => axis.slice(0, 5).trim())
    expect(labels.filter(Boolean)).toEqual(['5', '4', '3', '2', '1', '0'])
    expect([labels[0], labels.at(-2)]).toEqual(['5', '0'])
  })
})

test('braille becomes ASCII by its height', () => {
  expect(brailleToAscii('0⠉⠒⠤⣀⡇⣿ ')).toBe('0"-._|| ')
})

describe('bars', () => {
  test('fill their rows from the bottom, and anything is more than nothing', () => {
    expect(drawBars([0, 1e-9, 0.5, 0.75, 1, Number.NaN], 2, blockRamp)).toEqual(['   ▄█ ', ' ▁███ '])
    expect(drawBars([0, 1e-9, 0.5, 1, 7], 2, asciiRamp)).toEqual(['   ||', ' .|||'])
  })

  test('of a sparkline are measured by its greatest, and tell nothing moved from nothing known', () => {
    expect(sparkline([Number.NaN, 0, 1, 500, 1000], true)).toBe(' ▁▂▅█')
    expect(sparkline([Number.NaN, 0, 1, 500, 1000], false)).toBe(' _.=#')
    expect(sparkline([0, 0], true)).toBe('▁▁')
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

  test('does not change what has been drawn when time goes on', () => {
    const points = Array.from({ length: 30 }, (_, at) => second(1000 * (at + 1), at % 7))
    const [now, later] = [20_000, 21_000].map((end) => {
      const seen = points.filter(({ time }) => time <= end)
      return resample(seen, end, 1700, 10).up
    })
    // By how many slots it has moved on.
    const moved = Math.ceil(21_000 / 1700) - Math.ceil(20_000 / 1700)
    expect(later?.slice(0, 8 - moved)).toEqual(now?.slice(moved, 8).map((rate) => expect.closeTo(rate)))
  })

  test('shows of the newest slot what is known of it', () => {
    expect(resample([second(60_000, 4)], 60_000, 45_000, 2).up).toEqual([Number.NaN, 4])
  })

  test('draws a slot that was seen in part, but not for a sliver', () => {
    const { up } = resample([second(4000, 8), second(12_000, 6, 100)], 12_000, 4000, 3)
    expect(up).toEqual([8, Number.NaN, 6])
    expect(resample([second(4100, 8), second(12_000, 6)], 12_000, 4000, 3).up).toEqual([8, Number.NaN, 6])
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

describe('a logarithmic scale', () => {
  const logarithmic = scaleFor(3 * 1024 ** 2, 'bytes', true)

  test('goes up to a power of ten, each label a tenth of the one above', () => {
    expect(logarithmic).toMatchObject({ top: 10, unit: 'MiB/s' })
    expect(axisLabels(logarithmic).map(({ text }) => text)).toEqual(['0', '0.01', '0.1', '1', '10'])
  })

  test('places each tenth evenly, and what is below the last label above nothing', () => {
    const at = (mebibytes: number) => heightOf(logarithmic, mebibytes * 1024 ** 2)
    expect([10, 1, 0.1, 0.01].map(at)).toEqual([1, 0.75, 0.5, 0.25].map((height) => expect.closeTo(height)))
    expect(at(1e-9)).toBeGreaterThan(0)
    expect(at(1e-9)).toBeLessThan(0.01)
    expect(at(0)).toBe(0)
    expect(at(Number.NaN)).toBeNaN()
  })

  test('has labels of at most five characters, whatever its top', () => {
    for (let most = 1; most < 1e12; most *= 1.7) {
      for (const { text } of axisLabels(scaleFor(most, 'bits', true))) expect(text.length).toBeLessThanOrEqual(5)
    }
  })
})

describe('a scale with a ceiling', () => {
  const wish = { rateUnit: 'bytes', logarithmic: false } as const

  test('stays whatever is drawn, and what is over it lies at the top', () => {
    const fixed = sharedScale([1e9, Number.NaN], { ...wish, ceiling: 5 * 1024 ** 2 })
    expect(fixed).toMatchObject({ top: 5, unit: 'MiB/s' })
    expect(heightOf(fixed, 1e9)).toBe(1)
    expect(sharedScale([1e9, Number.NaN], { ...wish, ceiling: null }).unit).toBe('GiB/s')
  })

  test.each([true, false])('goes up and down by one top at a time (logarithmic: %s)', (logarithmic) => {
    let ceiling = ceilingOf(scaleFor(0, 'bytes', logarithmic))
    const tops = [ceiling]
    while (tops.length < 20) {
      ceiling = ceilingBeside(ceiling, 1, { ...wish, logarithmic, ceiling: null })
      tops.push(ceiling)
    }
    expect(tops).toEqual([...new Set(tops)].toSorted((one, other) => one - other))
    for (const below of tops.slice(0, -1).toReversed()) {
      ceiling = ceilingBeside(ceiling, -1, { ...wish, logarithmic, ceiling: null })
      expect(ceiling).toBe(below)
    }
  })
})
