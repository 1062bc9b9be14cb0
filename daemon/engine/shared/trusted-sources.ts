import { unmapped } from '../../net/address.ts'
import { contains, type Network } from '../../net/network.ts'
import type { Terms } from '../../socks/conversation.ts'
import type { Policy } from '../engine.ts'
import type { SessionTable } from '../session-table.ts'

/**
 * What is asked of the client in this slot, by the policy of the moment in which it is asked: whoever is silent until that has changed
 * has no older rights than others. Who need not log in, since its source is trusted, is its user's from now on.
 */
export function termsFor(context: { readonly policy: Policy }, table: SessionTable, slot: number): Terms {
  letIn(context.policy, table, slot)
  return new CurrentTerms(context, table, slot)
}

class CurrentTerms implements Terms {
  readonly #context: { readonly policy: Policy }
  readonly #table: SessionTable
  readonly #slot: number

  constructor(context: { readonly policy: Policy }, table: SessionTable, slot: number) {
    this.#context = context
    this.#table = table
    this.#slot = slot
  }

  get passwordRequired(): boolean {
    const { policy } = this.#context
    return policy.passwordRequired && userOf(policy, this.#table, this.#slot) === undefined
  }

  get protocols(): Terms['protocols'] {
    return this.#context.policy.protocols
  }

  get commands(): Terms['commands'] {
    return this.#context.policy.commands
  }
}

/**
 * Lets the client in this slot ask for something: with a login, or since it needs none, as the user as whom its source is trusted now.
 * False if it must log in.
 */
export function letIn(
  policy: Pick<Policy, 'passwordRequired' | 'trusted'>,
  table: SessionTable,
  slot: number,
): boolean {
  if (table.hasLogin(slot)) return true
  const user = userOf(policy, table, slot)
  if (table.user[slot] !== (user ?? 0)) table.belong(slot, user ?? 0)
  return user !== undefined || !policy.passwordRequired
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
