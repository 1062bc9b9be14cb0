import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Medians, markdown, number } from './report.ts'

/** The tables of docs/performance.md, each between two comments of it. */

const page = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))
const regionOf = (name: string) => new RegExp(`(<!-- ${name}: .* -->\n)[\\s\\S]*?(\n<!-- end of ${name} -->)`)

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

/** Throws an `Error` for people if the page has no places for the tables. */
export function checkPage(): void {
  const text = readFileSync(page, 'utf8')
  for (const name of ['bench', 'bench of limits'])
    if (!regionOf(name).test(text))
      throw new Error(
        `docs/performance.md lacks the comments <!-- ${name}: … --> and <!-- end of ${name} --> with the table between them`,
      )
}

/**
 * Put these medians into the page, into each table of which no figure is missing for the first server. `made` says how they
 * came about. Returns the names of the tables that are left as they were.
 */
export function writePage(medians: Medians, servers: readonly string[], made: string): string[] {
  const cells = (figure: string, of: readonly string[]) =>
    of.map((server) => {
      const value = medians[figure]?.[server]
      if (value === undefined) return ''
      return figure === perHeld && value < 1 ? '< 1' : number(value)
    })
  const ours = servers.filter((server) => control.some(([, , figure]) => medians[figure]?.[server] !== undefined))
  const tables = {
    bench: {
      columns: servers,
      rows: speed.map(([words, figure]) => [words, ...cells(figure, servers)]),
      figures: speed.map(([, figure]) => figure),
    },
    'bench of limits': {
      columns: ['wanted', ...ours],
      rows: control.map(([words, wanted, figure]) => [words, wanted, ...cells(figure, ours)]),
      figures: control.map(([, , figure]) => figure),
    },
  }
  const [linux] = /^\d+\.\d+/.exec(release()) ?? ['']
  const left: string[] = []
  let text = readFileSync(page, 'utf8')
  for (const [name, { columns, rows, figures }] of Object.entries(tables)) {
    const isWhole = figures.every((figure) => medians[figure] !== undefined)
    if (!isWhole) left.push(name)
    const table = `${markdown(columns, rows)}\n\n${availableParallelism()} cores, Linux ${linux}, Node ${process.version}; ${made}.`
    if (isWhole) text = text.replace(regionOf(name), (_, begin, end) => `${begin}${table}${end}`)
  }
  writeFileSync(page, text)
  return left
}
