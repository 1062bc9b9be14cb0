import { join } from 'node:path'
import { unixSocketName } from '../../../shared/protocol/limits.ts'
import type { Load } from '../load/protocol.ts'
import { runLoad } from '../load-runner.ts'
import type { Running } from '../servers.ts'
import { bulkCost, bulkFigures } from './bulk.ts'
import { compare, middle, ratio } from './comparison.ts'
import { connectionCost, connectionFigures } from './connections.ts'
import { type Cost, type Figures, type Scenario, type Setting, withServer } from './scenario.ts'

/** What is measured twice: alone, and beside something that goes on in proxyd's management. */
interface Kind {
  readonly cost: (running: Running, setting: Setting) => Promise<Cost>
  readonly figures: (cost: Cost) => Figures
}

/** What goes on, given the Unix socket: a load without a length of its own. */
export interface Company {
  /** As in `the viewer itself`. */
  readonly name: string
  readonly load: (socket: string) => Load
}

export const plainConnections: Kind = { cost: connectionCost, figures: connectionFigures }
export const streamsDown: Kind = {
  cost: (running, setting) => bulkCost(running, setting, 16, 'down'),
  figures: bulkFigures,
}

/** Proxyd with the company and without, in turns; figures are those beside it as a share of those alone. */
export function beside(name: string, company: Company, { cost, figures }: Kind): Scenario {
  return {
    name,
    measures: (server) => server?.engine === 'linux',
    run: (setting) =>
      withServer(setting, async (running) => {
        if (!running) return {}
        const short = { ...setting, seconds: setting.seconds / 2 }
        const leg = async () => figures(await cost(running, short))
        const load = company.load(join(running.folder, 'run', unixSocketName))
        const result = await compare(leg, async () => {
          const { begin, end } = await runLoad(load, leg)
          return { ...begin, company: end.cpu / end.seconds }
        })
        const ratios = Object.keys(result.one[0] ?? {}).map((figure) => [
          `${name}: ${figure}, times that without`,
          ratio(result, figure),
        ])
        return {
          ...Object.fromEntries(ratios),
          [`${name}: cores of the ${company.name} itself`]: middle(result.other, 'company'),
        }
      }),
  }
}
