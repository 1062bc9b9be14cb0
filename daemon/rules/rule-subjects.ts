import type { IndexOf } from '../policy/compile.ts'
import type { RuleSubject } from '../policy/rule.ts'

/** Of nobody whom there is. */
const nobody = 0x7fffffff

/** Who users and groups are to the loops. */
export interface Members {
  readonly indexOf: IndexOf
  /** The index of a user's group, 0 for none. */
  groupOf(user: number): number
}

/** Indices of whom a rule or a test names: users and groups that there are not yet are nobody, any is without a login. */
export function indicesOf({ kind, name }: RuleSubject, { indexOf, groupOf }: Members) {
  if (kind === 'any') return { user: 0, group: 0 }
  const index = indexOf(kind, name) ?? nobody
  if (kind === 'group') return { user: nobody, group: index }
  return { user: index, group: index === nobody ? 0 : groupOf(index) }
}
