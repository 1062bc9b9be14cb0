import { type Role, roles } from '../../shared/protocol/methods.ts'

/** Whether whoever is `role` may do what is for `demanded`. */
export function isAtLeast(role: Role, demanded: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(demanded)
}
