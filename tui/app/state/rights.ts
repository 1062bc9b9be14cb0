import type { Call, Verb } from '../../../shared/commands/verb.ts'
import type { Role } from '../../../shared/protocol/methods.ts'
import { roles } from '../../../shared/protocol/vocabulary.ts'
import type { Page } from './pages.ts'
import type { State } from './state.ts'

/** Whether a role is `demanded` or stronger. */
export function suffices(role: Role, demanded: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(demanded)
}

/** For whom else it is what takes the role `demanded`, as the end of a sentence; null if the person may, as far as known. */
export function lackOfRights({ role }: Pick<State, 'role'>, demanded: Role | undefined): string | null {
  if (role === null || demanded === undefined || suffices(role, demanded)) return null
  return `only for ${demanded === 'admin' ? 'admin' : `${demanded} or admin`}; you are ${role}`
}

/** Why the person may not do what a verb does, as `lackOfRights` tells; null if they may, as far as known. */
export function lackToDo(
  { role, readOnly }: Pick<State, 'role' | 'readOnly'>,
  { role: demanded, logged }: Pick<Verb, 'role' | 'logged'>,
  flags: Call['flags'] = {},
): string | null {
  const lack = lackOfRights({ role }, demanded)
  if (lack !== null || !logged || !readOnly || 'dry-run' in flags) return lack
  return 'not for a read-only session: start without --read-only'
}

/** What one must be at least to see a page; anybody may see the others. */
const seers: Readonly<Partial<Record<Page, Role>>> = {
  connections: 'operator',
  users: 'operator',
  rules: 'operator',
  bans: 'operator',
  log: 'operator',
  settings: 'viewer',
  operators: 'admin',
}

/** Who else may see the page, as `lackOfRights` tells; null if the person may, as far as known. */
export function lackToSee({ role, page }: Pick<State, 'role' | 'page'>): string | null {
  return lackOfRights({ role }, seers[page])
}
