import { accessLogScenario } from './access-log.ts'
import { accountScenario } from './accounts.ts'
import { bulkScenarios } from './bulk.ts'
import { changeScenario } from './changes.ts'
import { connectionScenarios } from './connections.ts'
import { crowdScenarios } from './crowd.ts'
import { datagramScenarios } from './datagrams.ts'
import { floodScenarios } from './flood.ts'
import { guesses } from './guesses.ts'
import { latencyScenarios } from './latency.ts'
import { loopScenarios } from './loops.ts'
import { pacingScenarios } from './pacing.ts'
import { ruleScenario } from './rules.ts'
import type { Scenario } from './scenario.ts'
import { screenScenarios } from './screen.ts'
import { startScenario } from './starts.ts'
import { systemCalls } from './system-calls.ts'
import { viewerScenarios } from './viewer.ts'

export const scenarios: readonly Scenario[] = [
  ...bulkScenarios,
  ...connectionScenarios,
  ...latencyScenarios,
  ...crowdScenarios,
  ...datagramScenarios,
  ...loopScenarios,
  ...viewerScenarios,
  ...floodScenarios,
  guesses,
  changeScenario,
  ruleScenario,
  accountScenario,
  accessLogScenario,
  ...pacingScenarios,
  ...screenScenarios,
  startScenario,
  systemCalls,
]

/** Figures that follow from two others of the same server: what it is called, and which is divided by which. */
export const derived: readonly (readonly [name: string, figure: string, by: string])[] = [
  ...['connections with password', 'connections by name'].flatMap((name) => [
    [`${name}, per second, times plain ones`, `${name}, per second`, 'connections, per second'] as const,
    [`${name}, CPU each, times plain ones`, `${name}, CPU-µs each`, 'connections, CPU-µs each'] as const,
  ]),
  ...['p50', 'p99'].map((share) => {
    const beside = 'a new connection beside those held'
    return [`${beside} ${share}, times alone`, `${beside} ${share}, µs`, `a new connection ${share}, µs`] as const
  }),
]
