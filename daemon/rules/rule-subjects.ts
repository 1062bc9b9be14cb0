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

/** Whether there is no such user or group, or not yet. */
export function isUnknown({ kind, name }: RuleSubject, indexOf: IndexOf): boolean {
  return kind !== 'any' && indexOf(kind, name) === undefined
}

/** People whom a warning names, at most. */
const mostNamed = 20

/** What to say of rules and tests about users and groups that there are not: somebody may have mistyped a name. */
export function unknownSubjects(lines: readonly { readonly who: RuleSubject }[], indexOf: IndexOf): string[] {
  const unknown = lines.flatMap(({ who }) =>
    isUnknown(who, indexOf) ? [`${who.kind} ${JSON.stringify(who.name)}`] : [],
  )
  const told = [...new Set(unknown)].map((whom) => `there is no ${whom} yet, so this is about nobody`)
  return told.length <= mostNamed
    ? told
    : [...told.slice(0, mostNamed - 1), `and ${told.length - mostNamed + 1} more are unknown`]
}
