import { beside, plainConnections, streamsDown } from './beside.ts'
import type { Scenario } from './scenario.ts'

/** What it costs that somebody watches: proxyd with a viewer who follows metrics and connections, and without. */

const viewer = { name: 'viewer', load: (socket: string) => ({ kind: 'watch', socket }) as const }

export const viewerScenarios: readonly Scenario[] = [
  beside('with a viewer, connections', viewer, plainConnections),
  beside('with a viewer, 16 streams down', viewer, streamsDown),
]
