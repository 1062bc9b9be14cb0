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
