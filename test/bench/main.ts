import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { descriptorLimit } from '../../daemon/os/descriptor-limit.ts'
import { startOrigin } from './load-runner.ts'
import { Report } from './report.ts'
import { type Setting, scenarios } from './scenarios.ts'
import { givenServer, knownServers } from './servers.ts'

/**
 * `make bench`: proxyd beside its peers, on loopback, in one run. Every server is started anew for every scenario, the
 * servers take turns within a round, and the median of all rounds is shown, since machines are noisy.
 */
const help = `Usage: make bench [BENCH='OPTIONS']
  --rounds N         rounds, of which the median is shown (3)
  --seconds S        length of each load (2)
  --held N           connections held at once (10000, or as many as the descriptor limit allows)
  --only TEXT        scenarios whose name has this in it; repeatable
  --server NAME      servers of this name only; repeatable
  --peer NAME=CMD    one more server; {port} in the command becomes its port; repeatable
  --json FILE        also write the medians there
`

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    held: { type: 'string', default: '10000' },
    only: { type: 'string', multiple: true },
    server: { type: 'string', multiple: true },
    peer: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
  },
})

const noProxy = 'no proxy'

if (options.help) process.stdout.write(help)
else await bench()

async function bench(): Promise<void> {
  const servers = [undefined, ...knownServers(), ...options.peer.map(givenServer)].filter(
    (server) => !options.server || options.server.includes(server?.name ?? noProxy),
  )
  const wanted = scenarios.filter(({ name }) => !options.only || options.only.some((text) => name.includes(text)))
  const origin = await startOrigin()
  const busyOrigin = await startOrigin()
  const report = new Report()
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const scenario of wanted) {
      for (const server of servers) {
        if (!server && !scenario.direct) continue
        const name = server?.name ?? noProxy
        const setting: Setting = {
          server,
          origin: origin.ports,
          busyOrigin: busyOrigin.ports,
          seconds: Number(options.seconds),
          held: Math.min(Number(options.held), Math.floor(descriptorLimit() / 2) - 500),
        }
        progress(`round ${round} of ${options.rounds}: ${scenario.name}, ${name}`)
        try {
          report.add(name, await scenario.run(setting))
        } catch (error) {
          process.stderr.write(`\n${name}, ${scenario.name}: ${error instanceof Error ? error.message : error}\n`)
        }
      }
    }
  }
  origin.stop()
  busyOrigin.stop()
  progress('')
  const names = servers.map((server) => server?.name ?? noProxy)
  const first = names.find((name) => name !== noProxy) ?? noProxy
  process.stdout.write(
    `In parentheses: ${first} as a share of that server's figure.\n\n${report.table(first, names)}\n`,
  )
  if (options.json) writeFileSync(options.json, `${JSON.stringify(report.medians(), null, 2)}\n`)
}

/** One line that is written over on a terminal, and goes below the other elsewhere. */
function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[2K${text}` : text === '' ? '' : `${text}\n`)
}
