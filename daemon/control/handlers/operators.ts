import type { OperatorAdministration } from '../backend.ts'
import { partings } from '../clients.ts'
import type { HandlersOf } from '../dispatch.ts'
import type { Session } from '../session.ts'

/** Where the sessions of a named operator are found. */
export interface OperatorSessions {
  sessionsOf(operator: string): readonly { readonly session: Session; goodbye(reason: string): void }[]
}

/** Changes to named operators. A changed one logs in again: what a session may do was settled when it began. */
export function operatorHandlers(
  operators: OperatorAdministration,
  clients: OperatorSessions,
): HandlersOf<'operators'> {
  return {
    'operators.list': () => ({
      operators: operators.list().map((each) => ({ ...each, sessions: clients.sessionsOf(each.name).length })),
    }),
    'operators.add': async (operator) => {
      await operators.add(operator)
      return {}
    },
    'operators.remove': async ({ name }, asking) => {
      const { stored } = await operators.remove(name)
      const ended = endOthers(name, asking, partings.removed)
      if (asking.operator !== name) return { ended, stored }
      // No list shows it any longer, so it must not stay either.
      asking.goodbyeReason = partings.removed
      return { ended: ended + 1, stored }
    },
    'operators.setPassword': async ({ name, password }, asking) => {
      const { stored } = await operators.setPassword(name, password)
      return { ended: endOthers(name, asking, partings.password), stored }
    },
    'operators.setRole': async ({ name, role }, asking) => {
      const { stored } = await operators.setRole(name, role)
      if (asking.operator === name) asking.limitTo(role)
      return { ended: endOthers(name, asking, partings.role), stored }
    },
  }

  function endOthers(name: string, asking: Session, reason: string): number {
    const others = clients.sessionsOf(name).filter(({ session }) => session !== asking)
    for (const other of others) other.goodbye(reason)
    return others.length
  }
}
