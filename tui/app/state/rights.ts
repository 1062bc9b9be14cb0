import type { Call, Verb } from '../../../shared/commands/verb.ts'
import type { Role } from '../../../shared/protocol/methods.ts'
import { roles } from '../../../shared/protocol/vocabulary.ts'
import { gapsHere, mendOf, releaseOf, topicsOf } from './gaps.ts'
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

/** Why there is nothing to be seen on the page that is shown, a sentence; null if there is, as far as known. */
export function lackToSee(state: Pick<State, 'role' | 'page' | 'shows' | 'gaps'>): string | null {
  const { role, page } = state
  const lack = lackOfRights({ role }, seers[page])
  if (lack !== null) return `The ${page} ${page === 'log' ? 'is' : 'are'} ${lack}.`
  const gaps = gapsHere(state)
  if (gaps.length === 0) return null
  const what = topicsOf(gaps).join(', ')
  return `What this daemon tells of ${what} cannot be shown, for it is ${releaseOf(gaps)}: ${mendOf(gaps)}.`
}
