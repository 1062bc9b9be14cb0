import type { Egress } from '../../net/egress.ts'
import type { Network } from '../../net/network.ts'
import type { Orders, Policy } from '../engine.ts'

/** The policy of one loop, whose users' ways are changed in place: they may be 65,535, of whom few change at once. */
export interface OwnPolicy extends Policy {
  readonly sources: Map<number, readonly Network[]>
  readonly egress: Map<number, Egress>
}

export function ownPolicy(policy: Policy): OwnPolicy {
  return { ...policy, sources: new Map(policy.sources), egress: new Map(policy.egress) }
}

/** Changes the ways of the users that are named. */
export function changeWays(policy: OwnPolicy, { sources, egress }: Orders['ways']): void {
  if (sources) change(policy.sources, sources)
  if (egress) change(policy.egress, egress)
}

function change<Way>(ways: Map<number, Way>, changed: ReadonlyMap<number, Way | undefined>): void {
  for (const [user, way] of changed) {
    if (way === undefined) ways.delete(user)
    else ways.set(user, way)
  }
}
