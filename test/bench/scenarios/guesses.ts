import { runLoad } from '../load-runner.ts'
import { credentials, start, withFlags } from '../servers.ts'
import { percentile } from '../statistics.ts'
import { connectionCost } from './connections.ts'
import { type Scenario, way } from './scenario.ts'

/** What good users notice while others guess passwords, until all who do are banned and after. */

const rate = 2_000
const sources = 200
/** Logins under way at once. */
const inFlight = 4

export const guesses: Scenario = {
  name: 'guesses',
  measures: (server) => server?.engine !== undefined,
  async run({ server, origin, seconds }) {
    // Else nobody on this machine would be banned.
    const running = await start(withFlags(server, '--ban-exempt', '192.0.2.1'), true)
    try {
      const target = way(running, origin.ports.short, true)
      await connectionCost(running, { origin, seconds: 1 }, { way: target, inFlight })
      const flood = { kind: 'guesses', port: running.port, username: credentials.username, rate, sources } as const
      const logins = { kind: 'connections', way: target, inFlight, seconds } as const
      const { begin } = await runLoad(flood, () => runLoad(logins, () => {}))
      const { micros, failures, lost } = begin.end
      return {
        'good logins beside 2000 guesses a second from 200 sources p50, ms': percentile(micros, 0.5) / 1000,
        'good logins beside 2000 guesses a second from 200 sources p99, ms': percentile(micros, 0.99) / 1000,
        'good logins beside 2000 guesses a second from 200 sources, not served': failures + lost,
      }
    } finally {
      await running.stop()
    }
  },
}
