import type { Figures } from './scenarios.ts'

/** Figures of all rounds by server, and how they are shown. */
export class Report {
  readonly #rounds = new Map<string, Map<string, number[]>>()

  add(server: string, figures: Figures): void {
    for (const [figure, value] of Object.entries(figures)) {
      const servers = this.#rounds.get(figure) ?? new Map<string, number[]>()
      this.#rounds.set(figure, servers)
      servers.set(server, [...(servers.get(server) ?? []), value])
    }
  }

  /** Medians by figure and server. */
  medians(): Record<string, Record<string, number>> {
    return Object.fromEntries(
      [...this.#rounds].map(([figure, servers]) => [
        figure,
        Object.fromEntries([...servers].map(([server, values]) => [server, median(values)])),
      ]),
    )
  }

  /** A Markdown table: a row a figure, a column a server, and behind each peer's figure what share of it `first` has. */
  table(first: string, servers: readonly string[]): string {
    const cell = (values: Record<string, number>, server: string): string => {
      const value = values[server]
      if (value === undefined) return '–'
      const own = values[first]
      const ratio = server !== first && own !== undefined ? ` (${number(own / value)})` : ''
      return `${number(value)}${ratio}`
    }
    const rows = Object.entries(this.medians()).map(
      ([figure, values]) => `| ${figure} | ${servers.map((server) => cell(values, server)).join(' | ')} |`,
    )
    return [`| | ${servers.join(' | ')} |`, `|---|${servers.map(() => '---:|').join('')}`, ...rows].join('\n')
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

function number(value: number): string {
  if (!Number.isFinite(value)) return '–'
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
