import type { Figures } from './scenarios/scenario.ts'
import { median } from './statistics.ts'

/** Figures by name, and within by server. */
export type Medians = Record<string, Record<string, number>>

type Derived = readonly (readonly [name: string, figure: string, by: string])[]

/** Figures of all rounds by server, and how they are shown. */
export class Report {
  readonly #rounds = new Map<string, Map<string, number[]>>()

  /** What is no number could not be measured, such as the CPU of no proxy, and is left out. */
  add(server: string, figures: Figures): void {
    for (const [figure, value] of Object.entries(figures).filter(([, value]) => Number.isFinite(value))) {
      const servers = this.#rounds.get(figure) ?? new Map<string, number[]>()
      this.#rounds.set(figure, servers)
      servers.set(server, [...(servers.get(server) ?? []), value])
    }
  }

  /** Medians of all rounds, and what is `derived` from them: one figure divided by another of the same server. */
  medians(derived: Derived): Medians {
    const medians: Medians = {}
    for (const [figure, servers] of this.#rounds) {
      medians[figure] = Object.fromEntries([...servers].map(([server, values]) => [server, median(values)]))
    }
    for (const [name, figure, by] of derived) {
      const quotients = Object.entries(medians[figure] ?? {}).flatMap(([server, value]) => {
        const divisor = medians[by]?.[server]
        return divisor === undefined ? [] : [[server, value / divisor] as const]
      })
      if (quotients.length > 0) medians[name] = Object.fromEntries(quotients)
    }
    return medians
  }
}

/** A Markdown table: a row a figure, a column a server, and behind each peer's figure what share of it `first` has. */
export function ratioTable(medians: Medians, first: string, servers: readonly string[]): string {
  const cell = (values: Record<string, number>, server: string): string => {
    const own = values[first]
    const share = server === first || own === undefined ? Number.NaN : own / (values[server] ?? Number.NaN)
    return `${number(values[server])}${Number.isFinite(share) ? ` (${number(share)})` : ''}`
  }
  const rows = Object.entries(medians).map(([figure, values]) => [figure, ...servers.map((it) => cell(values, it))])
  return markdown(servers, rows)
}

/** Figures of which more is better; of all others, less. */
const moreIsBetter = /(GiB\/s|per second|a second|fastest)$/
/** Figures that are not about being better. */
const beyondCompare = /cores of|, times /

/** The best of these servers at a figure; undefined if it is none to be good at, or if none of them has it. */
export function bestOf(figure: string, values: Record<string, number>, servers: readonly string[]): string | undefined {
  if (beyondCompare.test(figure)) return undefined
  const sign = moreIsBetter.test(figure) ? -1 : 1
  const [best] = servers
    .filter((server) => values[server] !== undefined)
    .toSorted((one, other) => sign * ((values[one] ?? 0) - (values[other] ?? 0)))
  return best
}

/** A Markdown table: of each figure that peers have the best peer's, and how many times that each of ours is. */
export function bestPeerTable(medians: Medians, ours: readonly string[], peers: readonly string[]): string {
  const rows = Object.entries(medians).flatMap(([figure, values]) => {
    const best = bestOf(figure, values, peers)
    if (best === undefined || !ours.some((server) => values[server] !== undefined)) return []
    const times = ours.map((server) => number((values[server] ?? Number.NaN) / (values[best] ?? Number.NaN)))
    const wanted = moreIsBetter.test(figure) ? 'more' : 'less'
    return [[`${figure}`, wanted, `${number(values[best])} ${best}`, ...times]]
  })
  return rows.length === 0 ? '' : markdown(['better', 'best peer', ...ours.map((name) => `${name}, times that`)], rows)
}

/** A Markdown table of these rows, whose first cells are their names. */
export function markdown(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [['', ...columns], ['---', ...columns.map(() => '---:')], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

/** Three digits are as much as such a figure is worth. */
export function number(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–'
  return Math.abs(value) >= 100 || value === 0 ? value.toFixed(0) : value.toPrecision(3)
}
