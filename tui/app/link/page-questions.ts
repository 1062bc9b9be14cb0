import { everyPage } from '../../../shared/commands/context.ts'
import { readMoment } from '../../../shared/commands/moments.ts'
import type { Role } from '../../../shared/protocol/methods.ts'
import type { Client } from '../../client/index.ts'
import { overlayOf } from '../state/dialogs.ts'
import { listPage, type UsagePeriod } from '../state/pages.ts'
import { suffices } from '../state/rights.ts'
import type { Rules } from '../state/rules.ts'
import type { State, Told } from '../state/state.ts'

/** Ask for what is needed only while its page is shown, as far as `role` may know it. Rejects as `Client.call` does. */
export async function askForPage({ call }: Client, state: State, role: Role): Promise<Partial<Told>> {
  const { page, command } = state
  const isOperator = suffices(role, 'operator')
  const list = listPage(state)
  const isAdmin = suffices(role, 'admin')
  const isNode = state.status?.health.fleet !== undefined
  // The command line completes their names, too.
  const wantsOperators = (page === 'operators' || command.field !== null) && isAdmin
  // Of debug, it may be that the daemon writes none down.
  const wantsConfiguration = page === 'settings' || (page === 'log' && state.log.level === 'debug')
  return {
    ...(wantsConfiguration && { configuration: await call('config.get', {}) }),
    ...(page === 'users' && isOperator && { groups: await groupsOf(call) }),
    ...(list === 'usage' && isOperator && { usage: await usageOf(call, state.usagePeriod) }),
    ...(list === 'watches' && isOperator && { watches: (await call('watches.list', {})).watches }),
    ...(list === 'nodes' && isNode && { fleet: await fleetOf(call) }),
    ...(list === 'sessions' && isAdmin && { sessions: (await call('sessions.list', {})).sessions }),
    ...(wantsOperators && { operators: (await call('operators.list', {})).operators }),
  }
}

/** Ask for the rules where they are shown, or something that one of them decided; null: they are not. Rejects as `Client.call` does. */
export async function askForRules({ call }: Client, state: State, role: Role): Promise<Rules | null> {
  if (!suffices(role, 'operator')) return null
  if (state.page === 'rules') {
    const pages = await everyPage((from) => call('rules.list', { ...from, text: from.cursor === undefined }))
    const [first] = pages
    const rules = pages.flatMap((page) => page.rules)
    return { revision: first?.revision ?? 0, rules, text: first?.text ?? null }
  }
  // The command line completes their ids.
  const tellsOfThem = state.page === 'overview' || state.command.field !== null
  if (!tellsOfThem && overlayOf(state.dialog)?.kind !== 'detail') return null
  const { revision, rules } = await call('rules.list', {})
  return { revision, rules, text: null }
}

async function groupsOf(call: Client['call']) {
  const pages = await everyPage((from) => call('groups.list', from))
  return pages.flatMap(({ groups }) => groups)
}

async function fleetOf(call: Client['call']) {
  const pages = await everyPage((from) => call('nodes.list', from))
  return { node: pages[0]?.node ?? '', nodes: pages.flatMap(({ nodes }) => nodes) }
}

/** Who moved most, as far as one page goes. */
async function usageOf(call: Client['call'], period: UsagePeriod) {
  return (await call('usage.list', { by: 'user', since: readMoment(period, 'TIME') })).usage
}
