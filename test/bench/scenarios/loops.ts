import { cpus } from 'node:os'
import { freePort } from '../../helpers/free-port.ts'
import { proxyd, type Running, start } from '../servers.ts'
import { compare, middle, ratio } from './comparison.ts'
import { connectionCost, connectionFigures, type Options } from './connections.ts'
import { type Figures, type Scenario, type Setting, way } from './scenario.ts'

/**
 * What a second loop brings. It can bring something only while a core is free, so it is told what share of the
 * machine everybody took: one loop is proxyd's limit where proxyd takes a whole core and the machine is not full.
 */

type Kind = (running: Running) => Promise<Options> | Options

function loops(name: string, kind: Kind): Scenario {
  return {
    name,
    measures: (server) => server?.engine === 'linux',
    async run(setting) {
      const one = await start(proxyd(1), false)
      const two = await start(proxyd(2), false)
      try {
        const [forOne, forTwo] = [await kind(one), await kind(two)]
        const result = await compare(
          () => leg(one, setting, forOne),
          () => leg(two, setting, forTwo),
        )
        const cores = ['proxyd', 'generator', 'origin', 'nobody'].flatMap((who) => [
          [`${name}: cores of ${who} with one`, middle(result.one, who)] as const,
          [`${name}: cores of ${who} with two`, middle(result.other, who)] as const,
        ])
        return {
          [`${name}: per second, times that of one`]: ratio(result, 'per second'),
          [`${name}: CPU each, times that of one`]: ratio(result, 'CPU-µs each'),
          ...Object.fromEntries(cores),
        }
      } finally {
        await one.stop()
        await two.stop()
      }
    },
  }
}

async function leg(running: Running, setting: Setting, options: Options): Promise<Figures> {
  const before = idleSeconds()
  const began = performance.now()
  const cost = await connectionCost(running, { ...setting, seconds: setting.seconds / 2 }, options)
  const idle = (idleSeconds() - before) / ((performance.now() - began) / 1000)
  const { seconds } = cost.end
  return {
    ...connectionFigures(cost),
    proxyd: cost.server / seconds,
    generator: cost.generator / seconds,
    origin: cost.origin / seconds,
    nobody: idle,
  }
}

/** Of all cores together. */
function idleSeconds(): number {
  return cpus().reduce((total, { times }) => total + times.idle / 1000, 0)
}

export const loopScenarios: readonly Scenario[] = [
  loops('two loops, connections', () => ({})),
  // Nobody listens there, so there is no origin's work, and the generator's is small: this leaves most to proxyd.
  loops('two loops, refused connections', async (running) => ({ way: way(running, await freePort()), refused: true })),
]
