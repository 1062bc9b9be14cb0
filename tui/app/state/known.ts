import type { Known } from '../../../shared/commands/verb.ts'
import type { State } from './state.ts'

/** What a verb may put into the question that is asked before it. */
export function knownIn(state: State): Known {
  const { users, operators, rules, connections, configuration, status, traffic } = state
  const { rows } = (connections.frozen ?? connections).now
  return {
    user: (name) => users.rows?.find(({ user }) => user.name === name)?.user,
    operator: (name) => operators?.find((operator) => operator.name === name),
    connection: (id) => rows.get(id),
    setting: (name) => configuration?.settings.find((setting) => setting.name === name),
    rule: (id) => rules?.rules.find((rule) => String(rule.id) === id),
    users: users.rows?.length ?? status?.users ?? null,
    connections: rows.size || (traffic.latest?.connections ?? null),
    lastUserOpens: status?.lastUserOpens ?? null,
  }
}
