import { writeFileSync } from 'node:fs'
import { descriptorLimit } from '../../daemon/os/system-limits.ts'
import { endAllWithUs } from './belongings.ts'
import { startOrigin } from './load-runner.ts'
import { help, noProxy, type Options, readOptions } from './options.ts'
import { writePage } from './performance-page.ts'
import { Report, ratioTable } from './report.ts'
import { derived, scenarios } from './scenarios/all.ts'
import type { Scenario, Setting } from './scenarios/scenario.ts'
import type { Server } from './servers.ts'

/**
 * `make bench`: proxyd beside its peers, on loopback, in one run. Every server is started anew for every scenario, the
 * servers take turns within a round, and the median of all rounds is shown, since machines are noisy.
 */
async function bench(options: Options, wanted: readonly Scenario[]): Promise<Report> {
  const [origin, busyOrigin] = [await startOrigin(), await startOrigin()]
  const { seconds } = options
  // Each held connection takes two descriptors of a server.
  const held = Math.min(options.held, Math.floor(descriptorLimit() / 2) - 500)
  const report = new Report()
  for (let round = 1; round <= options.rounds; round++) {
    for (const scenario of wanted) {
      for (const server of options.servers.filter((server) => scenario.measures(server))) {
        progress(`round ${round} of ${options.rounds}: ${scenario.name}, ${nameOf(server)}`)
        await measure(scenario, { server, origin, busyOrigin, seconds, held }, report)
      }
    }
  }
  progress('')
  origin.stop()
  busyOrigin.stop()
  return report
}

/** One scenario that fails does not spoil the rest: it is told, and its figures are missing. */
async function measure(scenario: Scenario, setting: Setting, report: Report): Promise<void> {
  const name = nameOf(setting.server)
  try {
    report.add(name, await scenario.run(setting))
  } catch (error) {
    process.stderr.write(`\n${name}, ${scenario.name}: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}

function tell(report: Report, options: Options): void {
  const medians = report.medians(derived)
  const names = options.servers.map(nameOf)
  const first = names.find((name) => name !== noProxy) ?? noProxy
  const shares = `In parentheses: ${first} as a share of that server's figure.`
  process.stdout.write(`${shares}\n\n${ratioTable(medians, first, names)}\n`)
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(medians, null, 2)}\n`)
  if (!options.write) return
  const rounds = options.rounds === 1 ? 'one round' : `medians of ${options.rounds} rounds`
  const made = `${rounds}, each load ${options.seconds} s long`
  const left = writePage(medians, [...names.filter((name) => name !== noProxy), noProxy], made)
  for (const name of left)
    process.stderr.write(`docs/performance.md: ${name} is as it was, since not all of it has been measured\n`)
}

function nameOf(server: Server | undefined): string {
  return server?.name ?? noProxy
}

/** One line that is written over on a terminal, and goes below the other elsewhere. */
function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[2K${text}` : text === '' ? '' : `${text}\n`)
}

/** What the command line asks for; undefined after telling what is wrong with it. */
function asked(): { options: Options; wanted: readonly Scenario[] } | undefined {
  try {
    const options = readOptions(process.argv.slice(2))
    const wanted = scenarios.filter(({ name }) => !options.only || options.only.some((text) => name.includes(text)))
    if (wanted.length > 0) return { options, wanted }
    throw new Error(`--only ${options.only?.join(' ')}: there is ${scenarios.map(({ name }) => name).join(', ')}`)
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 2
    return undefined
  }
}

const run = asked()
if (run?.options.help) process.stdout.write(help)
else if (run) {
  endAllWithUs()
  tell(await bench(run.options, run.wanted), run.options)
}
