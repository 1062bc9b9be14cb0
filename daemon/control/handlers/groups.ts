import type { LimitAdministration } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'

/** Groups of users, and what their members may. */
export function groupHandlers(limits: LimitAdministration): HandlersOf<'groups'> {
  return {
    'groups.list': () => ({ groups: limits.groups() }),
    'groups.add': (group) => limits.addGroup(group),
    'groups.set': (change) => limits.setGroup(change),
    'groups.remove': async ({ name }) => {
      await limits.removeGroup(name)
      return {}
    },
  }
}
