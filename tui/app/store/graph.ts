import { type Range, type Result, ranges } from '../../../shared/protocol/methods.ts'
import type { Point } from './traffic.ts'

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
}

/** Milliseconds of each range. */
export const rangeLengths: Readonly<Record<Range, number>> = {
  '1m': 60_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '24h': 86_400_000,
}

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

/** The graphs with what the daemon tells of one of them; `now`: the daemon's clock, at which the last step is cut. */
export function addHistory(
  graphs: readonly Graph[],
  wish: GraphWish,
  history: Result<'metrics.history'>,
  now: number,
): readonly Graph[] {
  const points = mergeHistory(graphPoints(graphs, wish), history, now)
  const oldest = (points.at(-1)?.time ?? 0) - rangeLengths[wish.range]
  const { range, whose } = wish
  const graph = { range, whose, points: points.filter(({ time }) => time > oldest) }
  return [graph, ...graphs.filter((one) => !isSame(one, wish))].slice(0, mostGraphs)
}

/**
 * What the daemon tells wins where it knows something; what was seen of the time before stays. So the start of another
 * daemon leaves a gap as long as none was there.
 */
function mergeHistory(before: readonly Point[], history: Result<'metrics.history'>, now: number): Point[] {
  const told = pointsOf(history, now)
  const [first] = told
  if (!first) return [...before]
  const begin = first.time - first.span
  const kept = before.flatMap((point) => cutAt(point, begin))
  return [...kept, ...told]
}

/** The steps of which something is known. */
function pointsOf({ step, end, up, down }: Result<'metrics.history'>, now: number): Point[] {
  return up.flatMap((rate, at) => {
    const downRate = down[at]
    if (rate === null || typeof downRate !== 'number') return []
    return cutAt({ time: end - (up.length - 1 - at) * step, span: step, up: rate, down: downRate }, now)
  })
}

/** What of an interval lies before a moment. */
function cutAt(point: Point, moment: number): Point[] {
  const span = point.span - Math.max(0, point.time - moment)
  return span > 0 ? [{ ...point, time: Math.min(point.time, moment), span }] : []
}
