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
      let ended = 0
      const { stored } = await operators.remove(name, () => {
        ended = endOthers(name, asking, partings.removed)
        if (asking.operator !== name) return
        // No list shows it any longer, so it must not stay either.
        asking.dismiss(partings.removed)
        ended++
      })
      return { ended, stored }
    },
    'operators.setPassword': async ({ name, password }, asking) => {
      let ended = 0
      const { stored } = await operators.setPassword(name, password, () => {
        ended = endOthers(name, asking, partings.password)
      })
      return { ended, stored }
    },
    'operators.setRole': async ({ name, role }, asking) => {
      let ended = 0
      const { stored } = await operators.setRole(name, role, () => {
        if (asking.operator === name) asking.limitTo(role)
        ended = endOthers(name, asking, partings.role)
      })
      return { ended, stored }
    },
  }

  function endOthers(name: string, asking: Session, reason: string): number {
    const others = clients.sessionsOf(name).filter(({ session }) => session !== asking)
    for (const other of others) other.goodbye(reason)
    return others.length
  }
}
