import { type Role, roles } from '../../../shared/protocol/methods.ts'
import type { State } from './state.ts'

/** Whether a role is `demanded` or stronger. */
export function suffices(role: Role, demanded: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(demanded)
}

/** Why the person may not do what takes the role `demanded`, as a sentence; null if they may, or if it is not known yet. */
export function lackOfRights({ role }: Pick<State, 'role'>, demanded: Role | undefined): string | null {
  if (role === null || demanded === undefined || suffices(role, demanded)) return null
  const needed = demanded === 'admin' ? 'the role admin' : `the role ${demanded} or admin`
  return `that takes ${needed}, and here you are ${role}`
}
