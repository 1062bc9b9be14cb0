import type { Destination } from '../../net/destination.ts'
import { Reply } from '../../socks/messages.ts'
import type { Policy } from '../engine.ts'
import { forwarded, Reason, type SessionTable } from '../session-table.ts'
import type { Places } from './places.ts'
import { notAllowed, type Refusal, refusalOf } from './refusals.ts'
import { letIn } from './trusted-sources.ts'
import type { Verdicts } from './verdicts.ts'

/** What is asked before anything is done for a request: what users and sources may have, and what the rules say. */
export interface Gate {
  readonly table: SessionTable
  readonly places: Places
  readonly policy: Pick<Policy, 'sources' | 'passwordRequired' | 'trusted'>
  readonly verdicts: Verdicts
}

/**
 * Between a request and what is done for it, in both engines: why the session in this slot cannot have that, if it cannot. A
 * limit keeps it from everything, or the rules from this. Its row has its user and command already. `now`: by the clock of
 * `performance.now`.
 */
export function admit(gate: Gate, slot: number, destination: Destination, now: number): Refusal | undefined {
  const { table, places, policy, verdicts } = gate
  // Whoever was greeted before there were users, or while its source was trusted, has not been asked for a login.
  if (table.command[slot] !== forwarded && !letIn(policy, table, slot))
    return { reply: Reply.notAllowed, reason: Reason.denied }
  const user = table.user[slot]
  const reason = places.admit(slot, user, policy.sources.get(user), table.clientAddress, now)
  if (reason !== undefined) return { reply: Reply.notAllowed, reason }
  return verdicts.admits(slot, destination) ? undefined : refusalOf(notAllowed)
}
