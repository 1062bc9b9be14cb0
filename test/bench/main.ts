import { writeFileSync } from 'node:fs'
import { descriptorLimit } from '../../daemon/os/system-limits.ts'
import { endAllWithUs } from './belongings.ts'
import { benchFleet } from './fleet/fleet-bench.ts'
import { startOrigin } from './load-runner.ts'
import { help, noProxy, type Options, readOptions } from './options.ts'
import { writePages } from './pages.ts'
import { bestPeerTable, Report, ratioTable } from './report.ts'
import { derived, scenarios } from './scenarios/all.ts'
import type { Scenario, Setting } from './scenarios/scenario.ts'
import type { Server } from './servers.ts'
import { versionOf } from './versions.ts'

/**
 * `make bench`: proxyd beside its peers, on loopback, in one run. Every server is started anew for every scenario, the
 * servers take turns within a round, and the median of all rounds is shown, since machines are noisy.
 */
async function bench(options: Options, wanted: readonly Scenario[]): Promise<Report> {
  const [origin, busyOrigin] = [await startOrigin(), await startOrigin()]
  const { seconds } = options
  // Each takes two descriptors of a server; proxyd keeps a quarter of them for other things, and one source gets none of its last tenth.
  const held = Math.min(options.held, Math.floor(0.32 * descriptorLimit()))
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

async function versionsOf(servers: Options['servers']): Promise<string> {
  const versions: string[] = []
  for (const server of servers) if (server && server.name !== 'proxyd portable') versions.push(await versionOf(server))
  return versions.join(', ')
}

function tell(report: Report, versions: string, options: Options): void {
  const medians = report.medians(derived)
  const names = options.servers.map(nameOf)
  const first = names.find((name) => name !== noProxy) ?? noProxy
  const shares = `In parentheses: ${first} as a share of that server's figure.`
  process.stdout.write(`${versions}\n${shares}\n\n${ratioTable(medians, first, names)}\n`)
  const peers = options.servers.flatMap((server) => (server && !server.engine ? [server.name] : []))
  const ours = names.filter((name) => name !== noProxy && !peers.includes(name))
  const best = bestPeerTable(medians, ours, peers)
  if (best !== '') process.stdout.write(`\nBeside the best peer of each row:\n\n${best}\n`)
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(medians, null, 2)}\n`)
  if (!options.write) return
  const rounds = options.rounds === 1 ? 'one round' : `medians of ${options.rounds} rounds`
  const made = `${versions}; ${rounds}, each load ${options.seconds} s long`
  const left = writePages(medians, { ours, peers, noProxy }, made)
  for (const name of left) process.stderr.write(`${name} is as it was, since not all of it has been measured\n`)
}

function nameOf(server: Server | undefined): string {
  return server?.name ?? noProxy
}

/** One line that is written over on a terminal, and goes below the other elsewhere. */
function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[2K${text}` : text === '' ? '' : `${text}\n`)
}

/** Whether `--only` means that scenario: the one of that very name, or all that have it in their names. */
function isMeant(text: string, name: string): boolean {
  return scenarios.some((scenario) => scenario.name === text) ? name === text : name.includes(text)
}

/** What the command line asks for; undefined after telling what is wrong with it. */
function asked(): { options: Options; wanted: readonly Scenario[] } | undefined {
  try {
    const options = readOptions(process.argv.slice(2))
    const wanted = scenarios.filter(({ name }) => !options.only || options.only.some((text) => isMeant(text, name)))
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
else if (run?.options.fleet) {
  endAllWithUs()
  process.stdout.write(`${await benchFleet(run.options, progress)}\n`)
} else if (run) {
  endAllWithUs()
  const versions = await versionsOf(run.options.servers)
  tell(await bench(run.options, run.wanted), versions, run.options)
}
