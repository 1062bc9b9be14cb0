import '../helpers/blessed-stand-in.ts'
import { describe, expect, test } from 'vitest'
import { asciiRamp, blockRamp, drawBars, sparkline } from '../../tui/app/chart/bars.ts'
import { resample, slotOf, summarize } from '../../tui/app/chart/resample.ts'
import { ceilingBeside, heightOf, type ScaleWish, scaleFor, scalesFor } from '../../tui/app/chart/scale.ts'
import { timeLabels } from '../../tui/app/chart/time-axis.ts'

const { chartValues, drawPlot } = await import('../../tui/app/chart/plot.ts')

const columns = 33
const count = 2 * columns

const sides = (['braille', 'blocks', 'ascii'] as const).flatMap((drawing) => [
  { drawing, isHanging: false },
  { drawing, isHanging: true },
])

describe.each(sides)('an area in $drawing (hanging: $isHanging)', ({ drawing, isHanging }) => {
  const rows = 8
  const draw = (heights: readonly number[], { averaged = 0, mean = null as number | null, peak = null as Peak } = {}) =>
    drawPlot({ heights, averaged, mean, peak, isHanging }, rows, drawing)
  /** What is drawn, from the axis outwards. */
  const text = (...of: Parameters<typeof draw>) => {
    const lines = draw(...of).map((runs) => runs.map(({ text }) => text).join(''))
    return isHanging ? lines : lines.reverse()
  }
  /** Which columns have ink, from the axis outwards. */
  const ink = (...of: Parameters<typeof draw>) =>
    text(...of).map((line) => Array.from(line, (character) => character !== ' '))
  const flat = (value: number) => new Array<number>(count).fill(value)
  const inked = (line: readonly boolean[] = []) => line.flatMap((there, column) => (there ? [column] : []))

  test('has exactly its size', () => {
    expect(text(flat(0.4)).map((line) => line.length)).toEqual(new Array(rows).fill(columns))
  })

  test('is filled from the axis to each value', () => {
    const half = ink(flat(0.5))
    expect(half.map((line) => line.every(Boolean))).toEqual([true, true, true, true, false, false, false, false])
    expect(half.flat().filter(Boolean)).toHaveLength(4 * columns)
  })

  test('shows every value, the oldest at the axis and the newest at the right end', () => {
    const [first, last] = [flat(0), flat(0)]
    first.fill(1, 0, 2)
    last.fill(1, count - 2)
    for (const line of ink(first)) expect(inked(line)).toEqual([0])
    for (const line of ink(last)) expect(inked(line)).toEqual([columns - 1])
  })

  test('has a gap where nothing is known', () => {
    const values = flat(0.8).fill(Number.NaN, 20, 40)
    const [line] = ink(values)
    expect(inked(line?.map((there) => !there))).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
  })

  test('shows a trickle above nothing', () => {
    expect(ink(flat(Number.MIN_VALUE))[0]?.every(Boolean)).toBe(true)
    expect(ink(flat(0)).flat()).not.toContain(true)
  })

  test.each([0.97, 0.99, 1])('has no hole at %d of its scale', (value) => {
    expect(ink(flat(value)).flat()).not.toContain(false)
    expect(
      draw(flat(value))
        .flat()
        .map(({ tone }) => tone),
    ).not.toContain('above')
  })

  test('marks at the top what is above its scale, and there only', () => {
    const values = flat(0.5).fill(1.01, 10, 12)
    const above = draw(values)
      .flat()
      .filter(({ tone }) => tone === 'above')
    const away = drawing === 'ascii' ? '^v' : '▴▾'
    expect(above.map(({ text }) => text.trim())).toEqual([away[isHanging ? 1 : 0]])
    expect(text(values).at(-1)?.trim()).toHaveLength(1)
    expect(text(values).at(-1)?.search(/\S/)).toBe(5)
  })

  test('has a dashed line at the mean, which ends no area', () => {
    const values = flat(0).fill(1, 0, 20)
    const line = draw(values, { mean: 0.6 })
      .flat()
      .filter(({ tone }) => tone === 'mean')
    expect(line.map(({ text }) => text.trim().length)).toEqual([columns - 10])
    expect(ink(values, { mean: 0.6 }).filter((line) => line[4])).toHaveLength(rows)
  })

  test('tells an average of whose course nothing is known from the rest', () => {
    const drawn = draw(flat(1), { averaged: 20 })
    for (const runs of drawn) {
      expect(runs.map(({ tone, text }) => [tone, text.length])).toEqual([
        ['averaged', 10],
        ['area', columns - 10],
      ])
    }
  })

  test('tells the peak where there is room for it', () => {
    const values = flat(0.1).fill(0.6, 30, 32)
    expect(text(values, { peak: { at: 30, text: '7 KiB/s' } })[5]?.slice(15)).toMatch(/^[▾▴v^]7 KiB\/s/)
    const late = flat(0.1).fill(0.6, count - 2)
    expect(text(late, { peak: { at: count - 1, text: '7 KiB/s' } })[5]).toMatch(/7 KiB\/s[▾▴v^]$/)
    const high = flat(0.1).fill(1, 30, 32)
    expect(text(high, { peak: { at: 30, text: '7 KiB/s' } })[7]).toMatch(/^ {15}\S[◂<]7 KiB\/s/)
    expect(text(flat(1), { peak: { at: 30, text: '7 KiB/s' } }).join('')).not.toContain('7')
  })

  test('of nothing at all is empty', () => {
    expect(ink(flat(Number.NaN)).flat()).not.toContain(true)
  })
})

type Peak = { readonly at: number; readonly text: string } | null

test('a graph has two values for each column between its labels and its margin', () => {
  expect(chartValues(80)).toBe(2 * (80 - 5 - 1 - 1))
})

describe('the time along a graph', () => {
  const told = (length: number, columns: number) => {
    const line = new Array<string>(columns).fill(' ')
    for (const { from, text } of timeLabels(length, columns, 'now')) line.splice(from, text.length, ...text)
    return line.join('').split(/ {2,}/)
  }

  test.each([
    [60_000, 73, ['-1 min', '-45 s', '-30 s', '-15 s', 'now']],
    [60_000, 36, ['-1 min', '-30 s', 'now']],
    [900_000, 73, ['-15 min', '-10 min', '-5 min', 'now']],
    [86_400_000, 120, ['-24 h', '-21 h', '-18 h', '-15 h', '-12 h', '-9 h', '-6 h', '-3 h', 'now']],
    [31 * 86_400_000, 73, ['-31 d', '-20 d', '-10 d', 'now']],
    [400 * 86_400_000, 73, ['-400 d', '-300 d', '-200 d', '-100 d', 'now']],
    [83_000, 73, ['-83 s', '-1 min', '-30 s', 'now']],
    [60_000, 12, ['-1 min', 'now']],
  ])('is told in round numbers: %d ms in %d columns', (length, columns, labels) => {
    expect(told(length, columns)).toEqual(labels)
  })
})

describe('bars', () => {
  test('fill their rows from the bottom, and anything is more than nothing', () => {
    expect(drawBars([0, 1e-9, 0.5, 0.75, 1, Number.NaN], 2, blockRamp)).toEqual(['   ▄█ ', ' ▁███ '])
    expect(drawBars([0, 1e-9, 0.5, 1, 7], 2, asciiRamp)).toEqual(['   ||', ' .|||'])
  })

  test('hang from the top of their rows', () => {
    expect(drawBars([0, 1e-9, 0.5, 0.75, 1, Number.NaN], 2, blockRamp, true)).toEqual([' ▔███ ', '   ▀█ '])
    expect(drawBars([0, 1e-9, 0.5, 1, 7], 2, asciiRamp, true)).toEqual([" '|||", '   ||'])
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

test('a moment lies in the slot that its rate is drawn in', () => {
  const { up } = resample([{ time: 7000, span: 1000, up: 1, down: 0 }], 9500, 1000, 4)
  expect(up.indexOf(1)).toBe(slotOf(6000, 9500, 1000, 4))
  expect([slotOf(0, 9500, 1000, 4), slotOf(20_000, 9500, 1000, 4)]).toEqual([0, 4])
})

describe('a summary', () => {
  test('tells the peak, the newest if there are several, and the mean of what is known', () => {
    expect(summarize([4, Number.NaN, 8, 0, 8])).toEqual({ peak: 8, at: 4, mean: 5 })
    expect(summarize([0, 0])).toEqual({ peak: 0, at: 1, mean: 0 })
    expect(summarize([Number.NaN])).toBeNull()
  })
})

/** Rates from bytes to terabytes. */
const rates = Array.from({ length: 60 }, (_, at) => 1.6 ** at)
const heights = Array.from({ length: 40 }, (_, at) => at + 1)

describe('the scale', () => {
  test.each([
    [0, 'bytes', 1000, 'B/s', ['250', '500', '750', '1000']],
    [1025, 'bytes', 1.2 * 1024, 'KiB/s', ['0.3', '0.6', '0.9', '1.2']],
    [977 * 1024, 'bytes', 1000 * 1024, 'KiB/s', ['250', '500', '750', '1000']],
    [3.2 * 1024 ** 2, 'bytes', 4 * 1024 ** 2, 'MiB/s', ['1', '2', '3', '4']],
    [99 * 1024 ** 3, 'bytes', 100 * 1024 ** 3, 'GiB/s', ['25', '50', '75', '100']],
    [0, 'bits', 125, 'bit/s', ['250', '500', '750', '1000']],
    [1_000_000, 'bits', 1_000_000, 'Mbit/s', ['2', '4', '6', '8']],
  ] as const)('for %d bytes a second in %s goes up to %d', (most, rateUnit, ceiling, unit, labels) => {
    const scale = scaleFor(most, 8, rateUnit)
    expect(scale).toMatchObject({ unit, ceiling: expect.closeTo(ceiling) })
    expect(scale.labels).toEqual(labels.map((text, at) => ({ row: 2 * (at + 1), text })))
  })

  test.each([true, false])(
    'has room for the rate, and even labels of 5 characters at most (logarithmic: %s)',
    (logarithmic) => {
      for (const rows of heights) {
        for (const rate of rates) {
          const { ceiling, labels } = scaleFor(rate, rows, 'bytes', logarithmic)
          expect(ceiling).toBeGreaterThanOrEqual(rate)
          const spacing = labels[0]?.row ?? 0
          expect(labels.map(({ row }) => row)).toEqual(labels.map((_, at) => (at + 1) * spacing))
          expect(rows - (labels.at(-1)?.row ?? 0)).toBeLessThan(3)
          for (const { text } of labels) expect(text).toMatch(/^[\d.]{1,5}$/)
        }
      }
    },
  )

  test('uses at least a third of the rows', () => {
    for (const rows of heights) {
      for (const rate of rates.filter((rate) => rate > 1500)) {
        expect(heightOf(scaleFor(rate, rows, 'bytes'), rate)).toBeGreaterThan(1 / 3)
      }
    }
  })
})

describe('a logarithmic scale', () => {
  const logarithmic = scaleFor(3 * 1024 ** 2, 8, 'bytes', true)

  test('goes up to a power of ten, each label a tenth of the one above', () => {
    expect(logarithmic).toMatchObject({ ceiling: 10 * 1024 ** 2, unit: 'MiB/s' })
    expect(logarithmic.labels.map(({ text }) => text)).toEqual(['0.01', '0.1', '1', '10'])
  })

  test('places each tenth evenly, and what is below the last label above nothing', () => {
    const at = (mebibytes: number) => heightOf(logarithmic, mebibytes * 1024 ** 2)
    expect([10, 1, 0.1, 0.01].map(at)).toEqual([1, 0.75, 0.5, 0.25].map((height) => expect.closeTo(height)))
    expect(at(1e-9)).toBeGreaterThan(0)
    expect(at(1e-9)).toBeLessThan(0.01)
    expect(at(0)).toBe(0)
    expect(at(Number.NaN)).toBeNaN()
  })
})

describe('the scales of both ways', () => {
  const wish: ScaleWish = { rateUnit: 'bytes', logarithmic: false, shared: false, ceiling: null }
  const [most, rows] = [
    { down: 3 * 1024 ** 2, up: 5000 },
    { down: 8, up: 8 },
  ]

  test('are of their own, or one for both', () => {
    const own = scalesFor(most, rows, wish)
    expect([own.down.unit, own.up.unit]).toEqual(['MiB/s', 'KiB/s'])
    const shared = scalesFor(most, rows, { ...wish, shared: true })
    expect(shared.up).toEqual(shared.down)
    expect(shared.down).toEqual(own.down)
  })

  test('stay where they are held, and what is above lies above the top', () => {
    const held = scalesFor(most, rows, { ...wish, ceiling: { down: 1000, up: 1000 } })
    expect(held.down.ceiling).toBe(1000)
    expect(heightOf(held.down, most.down)).toBeGreaterThan(1)
  })

  test.each([true, false])(
    'change with every step up or down, and not beyond the least (logarithmic: %s)',
    (logarithmic) => {
      const stepped = { ...wish, logarithmic }
      for (const rows of heights) {
        const ceilingFor = (most: number) => scaleFor(most, rows, 'bytes', logarithmic).ceiling
        for (const rate of rates.filter((rate) => rate > 12_000)) {
          expect(ceilingFor(ceilingBeside(rate, 1, stepped))).toBeGreaterThan(ceilingFor(rate))
          expect(ceilingFor(ceilingBeside(rate, -1, stepped))).toBeLessThan(ceilingFor(rate))
        }
      }
      expect(ceilingBeside(1000, -1, stepped)).toBe(1000)
      expect(ceilingBeside(0, 1, stepped)).toBeGreaterThan(1000)
    },
  )
})
