import { lackOfRights } from './rights.ts'
import type { State } from './state.ts'

/**
 * How many connections are live, from one source for all that tells it: the table, where it may be seen and is there, which
 * is fresher than samples; else the samples. Undefined where neither has come.
 */
export function liveConnections(state: State): number | undefined {
  const { connections, traffic } = state
  const hasTable = lackOfRights(state, 'operator') === null && connections.now.at > 0
  return hasTable ? connections.now.rows.size : traffic.latest?.connections
}
