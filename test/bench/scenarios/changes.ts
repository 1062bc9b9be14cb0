import { setTimeout } from 'node:timers/promises'
import type { Client } from '../../../tui/client/index.ts'
import type { End, Way } from '../load/protocol.ts'
import { runLoad } from '../load-runner.ts'
import { managed } from '../management.ts'
import { credentials, type Running, start, withFlags } from '../servers.ts'
import { median, percentile, sum } from '../statistics.ts'
import type { Scenario, Setting } from './scenario.ts'

/**
 * A change to one user's rights, while they and another have 250 streams each: how soon does it act on all of theirs, and
 * what do others notice of it? Both have a rate, so that the machine could do more, and a third has a ping-pong.
 */

const streams = 250
const { username: other, password } = credentials
const [changed, pinger] = ['kid', 'ping']
/** Bytes a second. */
const [rate, narrower] = [10_000_000, 1_000_000]
/** Seconds until the streams move at their rate, and for which they go on then. */
const [settles, goesOn] = [1.5, 4]

interface Change {
  readonly make: (client: Client) => Promise<unknown>
  /** Milliseconds from the change, at `at`, until it had acted on all streams that ended so. */
  readonly acted: (end: End, at: number) => number
}

const setting = (fields: Record<string, string>) => (client: Client) =>
  client.call('users.set', { names: [changed], fields })
const untilCut = ({ ended }: End, at: number) => (ended ?? Number.POSITIVE_INFINITY) - at

const changes: readonly Change[] = [
  { make: setting({ 'rate-down': `${narrower}` }), acted: untilNarrower },
  { make: setting({ expires: '2020-01-01' }), acted: untilCut },
  { make: setting({ quota: '1MB' }), acted: untilCut },
  { make: (client) => client.call('rules.add', { rule: `deny user:${changed}` }), acted: untilCut },
]

/** From that tenth of a second on they move half more than they may now at most. */
function untilNarrower({ bytesByTenth, began }: End, at: number): number {
  const last = bytesByTenth.findLastIndex((moved) => moved > (1.5 * narrower) / 10)
  return Math.max(0, began + 100 * (last + 1) - at)
}

/** Of what there was in the second before that moment, what there is in the one after it. */
function share({ bytesByTenth, began }: End, at: number): number {
  const then = Math.floor((at - began) / 100)
  return sum(bytesByTenth.slice(then + 1, then + 11)) / sum(bytesByTenth.slice(then - 10, then))
}

async function measure(running: Running, client: Client, { origin, busyOrigin }: Setting, { make, acted }: Change) {
  await client.call('users.set', { names: [changed, other], fields: { 'rate-down': `${rate}` } })
  const as = (username: string, port: number): Way => ({ port, proxy: { port: running.port, username, password } })
  const bulk = (username: string, seconds: number) =>
    ({ kind: 'bulk', way: as(username, busyOrigin.ports.source), streams, direction: 'down', seconds }) as const
  const pingPong = { kind: 'pingpong', way: as(pinger, origin.ports.echo), seconds: 1 } as const
  const others = await runLoad(bulk(other, settles + 2 * goesOn), () =>
    runLoad(bulk(changed, settles + goesOn), async () => {
      await setTimeout(settles * 1000)
      const before = await runLoad(pingPong, () => {})
      const after = await runLoad(pingPong, async () => {
        const at = Date.now()
        await make(client)
        return at
      })
      return { before: before.end, after: after.end, at: after.begin }
    }),
  )
  const { end, begin } = others.begin
  return {
    acted: acted(end, begin.at),
    share: share(others.end, begin.at),
    before: percentile(begin.before.micros, 0.99) / 1000,
    after: percentile(begin.after.micros, 0.99) / 1000,
  }
}

export const changeScenario: Scenario = {
  name: 'changes with 500 live',
  measures: (server) => server?.engine !== undefined,
  async run(setting) {
    const results = []
    for (const change of changes) {
      const users = [changed, pinger].flatMap((name) => ['-u', `${name}:${password}`])
      const running = await start(withFlags(setting.server, ...users), true)
      try {
        results.push(await managed(running, (client) => measure(running, client, setting, change)))
      } finally {
        await running.stop()
      }
    }
    const shares = results.map(({ share }) => share)
    return {
      'changes with 500 live: ms until the slowest has acted': Math.max(...results.map(({ acted }) => acted)),
      "changes with 500 live: others' bytes, times those before, least": Math.min(...shares),
      "changes with 500 live: others' bytes, times those before, most": Math.max(...shares),
      'changes with 500 live: ping-pong p99 before, ms': median(results.map(({ before }) => before)),
      'changes with 500 live: ping-pong p99 after, ms': median(results.map(({ after }) => after)),
    }
  },
}
