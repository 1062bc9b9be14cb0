import { join } from 'node:path'
import { unixSocketName } from '../../../shared/protocol/limits.ts'
import { runLoad } from '../load-runner.ts'
import type { Running } from '../servers.ts'
import { bulkCost, bulkFigures } from './bulk.ts'
import { compare, middle, ratio } from './comparison.ts'
import { connectionCost, connectionFigures } from './connections.ts'
import { type Cost, type Figures, type Scenario, type Setting, withServer } from './scenario.ts'

/** What it costs that somebody watches: proxyd with a viewer who follows metrics and connections, and without. */

interface Kind {
  readonly cost: (running: Running, setting: Setting) => Promise<Cost>
  readonly figures: (cost: Cost) => Figures
}

function viewer(name: string, { cost, figures }: Kind): Scenario {
  return {
    name,
    measures: (server) => server?.engine === 'linux',
    run: (setting) =>
      withServer(setting, async (running) => {
        if (!running) return {}
        const short = { ...setting, seconds: setting.seconds / 2 }
        const leg = async () => figures(await cost(running, short))
        const watch = { kind: 'watch', socket: join(running.folder, 'run', unixSocketName) } as const
        const result = await compare(leg, async () => {
          const { begin, end } = await runLoad(watch, leg)
          return { ...begin, viewer: end.cpu / end.seconds }
        })
        const ratios = Object.keys(result.one[0] ?? {}).map((figure) => [
          `${name}: ${figure}, times that without`,
          ratio(result, figure),
        ])
        return {
          ...Object.fromEntries(ratios),
          [`${name}: cores of the viewer itself`]: middle(result.other, 'viewer'),
        }
      }),
  }
}

export const viewerScenarios: readonly Scenario[] = [
  viewer('with a viewer, connections', { cost: connectionCost, figures: connectionFigures }),
  viewer('with a viewer, 16 streams down', {
    cost: (running, setting) => bulkCost(running, setting, 16, 'down'),
    figures: bulkFigures,
  }),
]
