import { limits as protocolLimits } from '../../../shared/protocol/limits.ts'
import { firstThatFit } from '../../../shared/protocol/message.ts'
import type { LimitAdministration } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'

/** Groups of users, and what their members may. The cursor is the last name of the page before. */
export function groupHandlers(limits: LimitAdministration): HandlersOf<'groups'> {
  return {
    'groups.list': async ({ cursor = '', limit = protocolLimits.page }) => {
      // The order of names is that of their bytes.
      const before = Buffer.from(cursor)
      const rest = (await limits.countedGroups()).filter(({ name }) => Buffer.compare(Buffer.from(name), before) > 0)
      const groups = firstThatFit(rest.slice(0, limit), protocolLimits.line)
      return rest.length > groups.length ? { groups, next: groups.at(-1)?.name } : { groups }
    },
    'groups.add': (group) => limits.addGroup(group),
    'groups.set': (change) => limits.setGroup(change),
    'groups.remove': async ({ name }) => {
      await limits.removeGroup(name)
      return {}
    },
  }
}
