import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { bestOf, type Medians, markdown, number } from './report.ts'

/** The tables of figures in README.md and docs/performance.md, each between two comments. */

const regionOf = (name: string) => new RegExp(`(<!-- ${name}: .* -->\n)[\\s\\S]*?(\n<!-- end of ${name} -->)`)
const files = { 'short bench': 'README.md', bench: 'docs/performance.md', 'bench of limits': 'docs/performance.md' }
type Name = keyof typeof files

/** How figures of the bench begin. */
const changed = 'changes with 500 live'
const manyRules = 'rules, 100000 networks and names'

/** A collector of garbage makes thousands of connections look a little dearer or cheaper: below 1 it is noise. */
const perHeld = 'held connection, KiB of memory'

/** What the page shows of servers beside one another: in its words, and in the bench's. */
const speed: readonly (readonly [words: string, figure: string])[] = [
  ['16 streams down, GiB/s', '16 streams down, GiB/s'],
  ['16 streams down, CPU-s a GiB', '16 streams down, CPU-s/GiB'],
  ['connections a second, each fetching 64 bytes', 'connections, per second'],
  ['CPU-µs a connection', 'connections, CPU-µs each'],
  ['system calls a connection', 'system calls per connection'],
  ['ping-pong p50, µs', 'ping-pong p50, µs'],
  ['ping-pong p50 beside 4 greedy streams, µs', 'ping-pong beside 4 streams p50, µs'],
  ['ping-pong p50 beside 64 short connections, µs', 'ping-pong beside 64 short connections p50, µs'],
  ['KiB of memory a held connection', perHeld],
  ['a new connection beside thousands held, p50, µs', 'a new connection beside those held p50, µs'],
  ['2,000 connect at once: ms until all are served', '2000 connect at once, ms until all are served or lost'],
  ['of those, not served', '2000 connect at once, not served'],
  ['datagrams of 200 bytes relayed a second', 'udp, datagrams a second'],
  ['CPU-s a million datagrams', 'udp, CPU-s a million datagrams'],
  ['proxy-tui, overview at 80x24, % of a core', 'screen, overview 80x24 at 4 Hz, % of a core'],
  ['proxy-tui, connections at 200x50, % of a core', 'screen, connections 200x50 at 4 Hz, % of a core'],
]

/** What README.md shows of the same, beside the best peer. */
const shortSpeed: readonly (readonly [words: string, figure: string])[] = [
  ['CPU-s to move a GiB down, 16 streams', '16 streams down, CPU-s/GiB'],
  ['CPU-s to move a GiB up, 16 streams', '16 streams up, CPU-s/GiB'],
  ['connections a second, each fetching 64 bytes', 'connections, per second'],
  ['CPU-µs a connection', 'connections, CPU-µs each'],
  ['an answer to 64 bytes, p50, µs', 'ping-pong p50, µs'],
  ['the same beside 4 greedy streams', 'ping-pong beside 4 streams p50, µs'],
  ['KiB of memory a held connection', perHeld],
  ['CPU-s to relay a million datagrams', 'udp, CPU-s a million datagrams'],
]

/** What it shows of proxyd's limits, rules and bans: in its words, what is wanted, and in the bench's. */
const control: readonly (readonly [words: string, wanted: string, figure: string])[] = [
  ...['64kB/s', '1MB/s', '10MB/s', '100MB/s'].flatMap((rate) => [
    [`limited to ${rate}: the worst second, % off`, '≤ 10', `pacing at ${rate}: the worst second, % off`] as const,
    [`limited to ${rate}: Jain's index of the streams`, '≥ 0.95', `pacing at ${rate}: Jain's index, at least`] as const,
  ]),
  ['1,000 streams that wait: % of a core', '≤ 1', 'pacing, 1000 that wait: % of a core'],
  ['ping-pong p99 beside 20 streams of one limit, ms', '< 100', 'pacing, ping-pong beside 20 streams p99, ms'],
  ['a change with 500 live streams: ms until it has acted', '≤ 1,000', `${changed}: ms until the slowest has acted`],
  [
    "others' bytes in the second after it, times those before",
    '1',
    `${changed}: others' bytes, times those before, least`,
  ],
  ['ping-pong p99 of others before it, ms', '', `${changed}: ping-pong p99 before, ms`],
  ['ping-pong p99 of others after it, ms', 'as before', `${changed}: ping-pong p99 after, ms`],
  ['100,000 networks and names: CPU-s to compile', '≤ 1', `${manyRules}: CPU-s to compile`],
  ['µs for the judgements of a connection', '≤ 2', `${manyRules}: µs for a connection's judgements`],
  [
    'connections per CPU-second, times those without rules',
    '≥ 0.97',
    `${manyRules}: connections per CPU-second, times those without`,
  ],
  [
    'good logins beside 2,000 guesses a second, p99, ms',
    '< 1,000',
    'good logins beside 2000 guesses a second from 200 sources p99, ms',
  ],
]

/** Throws an `Error` for people if a page has no place for its tables. */
export function checkPages(): void {
  for (const [name, file] of Object.entries(files))
    if (!regionOf(name).test(read(file)))
      throw new Error(
        `${file} lacks the comments <!-- ${name}: … --> and <!-- end of ${name} --> with the table between them`,
      )
}

export interface Columns {
  readonly ours: readonly string[]
  readonly peers: readonly string[]
  readonly noProxy: string
}

/**
 * Put these medians into the pages, into each table of which no figure is missing altogether. `made` says how they came about.
 * Returns what is left as it was.
 */
export function writePages(medians: Medians, { ours, peers, noProxy }: Columns, made: string): string[] {
  const [first = ''] = ours
  const cell = (figure: string, server: string) => {
    const value = medians[figure]?.[server]
    if (value === undefined) return ''
    return figure === perHeld && value < 1 ? '< 1' : number(value)
  }
  const servers = [...ours, ...peers, noProxy]
  const limited = ours.filter((server) => control.some(([, , figure]) => medians[figure]?.[server] !== undefined))
  const besideBest = (figure: string) => {
    const values = medians[figure] ?? {}
    const best = bestOf(figure, values, peers)
    if (best === undefined) return [cell(figure, first), '', '']
    const own = values[first] ?? Number.NaN
    const isNoise = figure === perHeld && own < 1
    const times = `${isNoise ? '< ' : ''}${number((isNoise ? 1 : own) / (values[best] ?? Number.NaN))}`
    return [cell(figure, first), `${cell(figure, best)} ${best}`, times]
  }
  const tables: Record<Name, { columns: readonly string[]; rows: readonly (readonly string[])[]; figures: string[] }> =
    {
      'short bench': {
        columns: [first, 'the best peer', 'times that'],
        rows: shortSpeed.map(([words, figure]) => [words, ...besideBest(figure)]),
        figures: shortSpeed.map(([, figure]) => figure),
      },
      bench: {
        columns: servers,
        rows: speed.map(([words, figure]) => [words, ...servers.map((server) => cell(figure, server))]),
        figures: speed.map(([, figure]) => figure),
      },
      'bench of limits': {
        columns: ['wanted', ...limited],
        rows: control.map(([words, wanted, figure]) => [
          words,
          wanted,
          ...limited.map((server) => cell(figure, server)),
        ]),
        figures: control.map(([, , figure]) => figure),
      },
    }
  const [linux] = /^\d+\.\d+/.exec(release()) ?? ['']
  const how = `${availableParallelism()} cores, Linux ${linux}, Node ${process.version}; ${made}.`
  const left: string[] = []
  for (const name of Object.keys(files) as Name[]) {
    const { columns, rows, figures } = tables[name]
    if (!figures.every((figure) => medians[figure] !== undefined)) {
      left.push(`${files[name]}: ${name}`)
      continue
    }
    const table = `${markdown(columns, rows)}\n\n${how}`
    writeFileSync(
      pathOf(files[name]),
      read(files[name]).replace(regionOf(name), (_, begin, end) => `${begin}${table}${end}`),
    )
  }
  return left
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(`../../${file}`, import.meta.url))
}

function read(file: string): string {
  return readFileSync(pathOf(file), 'utf8')
}
