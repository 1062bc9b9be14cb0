import type { Range, Result, Sample } from '../../../shared/protocol/methods.ts'
import { ranges } from '../../../shared/protocol/vocabulary.ts'
import type { Point } from '../chart/resample.ts'
import { type Counted, rates, userPoint } from './traffic.ts'

/** One of those who use the proxy. */
export interface Subject {
  /** Null: all clients without login. */
  readonly user: string | null
}

/** Which graph: how far back, and of whom; null is everybody. */
export interface GraphWish {
  readonly range: Range
  readonly whose: Subject | null
}

/** Throughput over time as far as it is known here. */
export interface Graph extends GraphWish {
  /** By time; what lies between two intervals was not seen. */
  readonly points: readonly Point[]
  /** Milliseconds of the daemon's steps: samples that are no longer together make one point. */
  readonly step: number
  /** What the user had moved when a sample told of them last. */
  readonly counted: Counted | null
}

/** Milliseconds of each range. */
export const rangeLengths: Readonly<Record<Range, number>> = {
  '1m': 60_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '24h': 86_400_000,
  '31d': 31 * 86_400_000,
  '400d': 400 * 86_400_000,
}

/** Milliseconds between two samples, and by which a busy daemon may be late with one. */
const samplePeriod = 1000
const latest = 10_000

/** Graphs kept of one daemon: those that were shown last. */
const mostGraphs = 12

/** The next range, longer or shorter; the last one at either end. */
export function stepRange(range: Range, by: number): Range {
  const at = Math.min(ranges.length - 1, Math.max(0, ranges.indexOf(range) + by))
  return ranges[at] ?? range
}

/** The points of a graph; none if nothing is known of it. */
export function graphPoints(graphs: readonly Graph[], wish: GraphWish): readonly Point[] {
  return graphs.find((graph) => isSame(graph, wish))?.points ?? nothing
}

/** Whether both are of the same. */
export function isSame(one: GraphWish, other: GraphWish): boolean {
  return one.range === other.range && isSameSubject(one.whose, other.whose)
}

export function isSameSubject(one: Subject | null, other: Subject | null): boolean {
  return one?.user === other?.user && (one === null) === (other === null)
}

const nothing: readonly Point[] = []

/** The graphs with what the daemon tells of one of them; `recent`: the samples so far, by whose time the last step is cut. */
export function addHistory(
  graphs: readonly Graph[],
  { range, whose }: GraphWish,
  history: Result<'metrics.history'>,
  recent: readonly Sample[],
): readonly Graph[] {
  const wish = { range, whose }
  const told = pointsOf(history, recent.at(-1)?.time ?? Number.POSITIVE_INFINITY)
  const points = mergePoints(graphPoints(graphs, wish), told)
  const empty: Graph = { ...wish, points: [], step: history.step, counted: null }
  const { counted } = addSamples(empty, recent)
  const graph = { ...empty, points: withinRange(points, range), counted }
  return [graph, ...graphs.filter((one) => !isSame(one, wish))].slice(0, mostGraphs)
}

/** A graph that goes on with samples, of which the first was seen before. */
export function addSamples(graph: Graph, samples: readonly Sample[]): Graph {
  let points = [...graph.points]
  let { counted } = graph
  for (const [at, sample] of samples.entries()) {
    // The daemon's clock was set back.
    if ((points.at(-1)?.time ?? 0) > sample.time) points = points.flatMap((point) => cutAfter(point, sample.time))
    const earlier = samples[at - 1]
    if (!earlier) {
      counted ??= graph.whose && userPoint(sample, sample, graph.whose.user, null).counted
      continue
    }
    if (hasSlept(earlier, sample)) {
      counted = null
      continue
    }
    const told = graph.whose
      ? userPoint(earlier, sample, graph.whose.user, counted)
      : { point: everybodysPoint(earlier, sample), counted: null }
    counted = told.counted
    if (told.point) append(points, told.point, graph.step)
  }
  return { ...graph, points: withinRange(points, graph.range), counted }
}

/** The graphs of a daemon that counts from 0 again. */
export function countAnew(graphs: readonly Graph[]): readonly Graph[] {
  return graphs.map((graph) => ({ ...graph, counted: null }))
}

/** Whether so much more time passed than samples tell of that the machine slept, or its clock was set: nothing is known of it. */
function hasSlept(before: Sample, { seq, time }: Sample): boolean {
  return time - before.time - samplePeriod * (seq - before.seq) > latest
}

function everybodysPoint(before: Sample, { time, up, down }: Sample): Point | null {
  const span = time - before.time
  return span > 0 ? { time, span, ...rates(before, { up, down }, span) } : null
}

/** Put a point behind the others, as far as it lies behind them; what is not longer than `step` becomes one with the last. */
function append(points: Point[], point: Point, step: number): void {
  const last = points.at(-1)
  const [fresh] = last ? cutBefore(point, last.time) : [point]
  if (!fresh) return
  const span = fresh.span + (last?.span ?? 0)
  if (!last || last.time < fresh.time - fresh.span || span > step) {
    points.push(fresh)
    return
  }
  const mean = (one: number, other: number) => (one * last.span + other * fresh.span) / span
  points.splice(-1, 1, { time: fresh.time, span, up: mean(last.up, fresh.up), down: mean(last.down, fresh.down) })
}

function withinRange(points: readonly Point[], range: Range): readonly Point[] {
  const oldest = (points.at(-1)?.time ?? 0) - rangeLengths[range]
  return points.filter(({ time }) => time > oldest)
}

/**
 * What the daemon tells wins where it knows something; what was seen of the time before and after stays. So the start of
 * another daemon leaves a gap as long as none was there.
 */
function mergePoints(seen: readonly Point[], told: readonly Point[]): readonly Point[] {
  const [first, last] = [told[0], told.at(-1)]
  if (!first || !last) return seen
  const before = seen.flatMap((point) => cutAfter(point, first.time - first.span))
  const after = seen.flatMap((point) => cutBefore(point, last.time))
  return [...before, ...told, ...after]
}

/** The steps of which something is known. */
function pointsOf({ step, end, up, down }: Result<'metrics.history'>, now: number): Point[] {
  return up.flatMap((rate, at) => {
    const downRate = down[at]
    if (rate === null || typeof downRate !== 'number') return []
    return cutAfter({ time: end - (up.length - 1 - at) * step, span: step, up: rate, down: downRate }, now)
  })
}

/** What of an interval lies before a moment. */
function cutAfter(point: Point, moment: number): Point[] {
  const span = point.span - Math.max(0, point.time - moment)
  return span > 0 ? [{ ...point, time: Math.min(point.time, moment), span }] : []
}

/** What of an interval lies after a moment. */
function cutBefore(point: Point, moment: number): Point[] {
  const span = Math.min(point.span, point.time - moment)
  return span > 0 ? [{ ...point, span }] : []
}
