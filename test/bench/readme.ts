import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Medians, markdown, number } from './report.ts'

/** The table of README.md, between two comments of it. */

const readme = fileURLToPath(new URL('../../README.md', import.meta.url))
const region = /(<!-- bench: .* -->\n)[\s\S]*?(\n<!-- end of bench -->)/

/** A collector of garbage makes thousands of connections look a little dearer or cheaper: below 1 it is noise. */
const perHeld = 'held connection, KiB of memory'

/** What the README shows of all figures: in its words, and in the bench's. */
const rows: readonly (readonly [words: string, figure: string])[] = [
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
  ...['64kB/s', '1MB/s', '10MB/s', '100MB/s'].flatMap((rate) => [
    [`limited to ${rate}: the worst second, % off`, `pacing at ${rate}: the worst second, % off`] as const,
    [`limited to ${rate}: Jain's index, at least`, `pacing at ${rate}: Jain's index, at least`] as const,
  ]),
  ['1,000 connections that wait for a limit, % of a core', 'pacing, 1000 that wait: % of a core'],
  ['ping-pong p99 beside 20 streams of the same limit, ms', 'pacing, ping-pong beside 20 streams p99, ms'],
  ['proxy-tui, overview at 80x24, % of a core', 'screen, overview 80x24 at 4 Hz, % of a core'],
  ['proxy-tui, connections at 200x50, % of a core', 'screen, connections 200x50 at 4 Hz, % of a core'],
]

/** Throws an `Error` for people if README.md has no place for the table. */
export function checkReadme(): void {
  if (region.test(readFileSync(readme, 'utf8'))) return
  throw new Error(
    'README.md lacks the comments <!-- bench: … --> and <!-- end of bench --> with the table between them',
  )
}

/** Put these medians into README.md. `made` says how they came about. */
export function writeReadme(medians: Medians, servers: readonly string[], made: string): void {
  const cells = (figure: string) =>
    servers.map((server) => {
      const value = medians[figure]?.[server]
      if (value === undefined) return ''
      return figure === perHeld && value < 1 ? '< 1' : number(value)
    })
  const table = markdown(
    servers,
    rows.map(([words, figure]) => [words, ...cells(figure)]),
  )
  const [linux] = /^\d+\.\d+/.exec(release()) ?? ['']
  const text = `${table}\n\n${availableParallelism()} cores, Linux ${linux}, Node ${process.version}; ${made}.`
  writeFileSync(
    readme,
    readFileSync(readme, 'utf8').replace(region, (_, begin, end) => `${begin}${text}${end}`),
  )
}
