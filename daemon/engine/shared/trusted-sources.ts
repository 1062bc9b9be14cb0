import { unmapped } from '../../net/address.ts'
import { contains, type Network } from '../../net/network.ts'
import type { Terms } from '../../socks/conversation.ts'
import type { Policy } from '../engine.ts'
import type { SessionTable } from '../session-table.ts'

/** What is asked of the client in this slot, who need not log in from a source that is trusted: the session is its user's then. */
export function termsFor(policy: Policy, table: SessionTable, slot: number): Terms {
  const user = userOf(policy, table, slot)
  if (user === undefined) return policy
  if (user > 0) table.belong(slot, user)
  return { ...policy, passwordRequired: false }
}

/** Whether the client in this slot, who has no login, needs one. */
export function needsLogin(
  policy: Pick<Policy, 'passwordRequired' | 'trusted'>,
  table: SessionTable,
  slot: number,
): boolean {
  return policy.passwordRequired && userOf(policy, table, slot) !== 0
}

/** Whether clients may come in without a login at all: what they then ask for tells as much of their source as a login does. */
export function mayNeedNoLogin({ passwordRequired, trusted }: Pick<Policy, 'passwordRequired' | 'trusted'>): boolean {
  return !passwordRequired || trusted.length > 0
}

/**
 * As whom the client's source is trusted, the first that is named: a user's index, 0 for nobody; undefined if it is not. What a balancer
 * passes on as its own may be somebody's whom it does not know: who trusts a network that it is in does not mean that, but who names its
 * address alone.
 */
function userOf({ trusted }: Pick<Policy, 'trusted'>, table: SessionTable, slot: number): number | undefined {
  if (trusted.length === 0) return undefined
  const client = unmapped(table.clientAddress.subarray(16 * slot, 16 * slot + 16))
  const isOwn = table.isOwn(slot)
  const found = trusted.find(({ network }) => contains(network, client) && (!isOwn || isOneAddress(network)))
  return found?.user
}

function isOneAddress({ bytes, prefix }: Network): boolean {
  return prefix === 8 * bytes.length
}
