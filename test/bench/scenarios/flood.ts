import { beside, plainConnections, streamsDown } from './beside.ts'
import type { Scenario } from './scenario.ts'

/**
 * What strangers can take from proxyd's clients: management flooded with connections, nonsense, guesses and clients that
 * do not read, and left alone. The flood's own process shares the machine: its cores are to be counted too.
 */

/** Connections a second: far more than anybody needs to manage a daemon. */
const rate = 100

const flood = { name: 'flood', load: (socket: string) => ({ kind: 'flood', socket, rate }) as const }

export const floodScenarios: readonly Scenario[] = [
  beside('with a flood, connections', flood, plainConnections),
  beside('with a flood, 16 streams down', flood, streamsDown),
]
