import { isLoopback } from '../../../shared/loopback.ts'
import type { State } from './state.ts'

/** What deleting the last user does to a proxy that asks for passwords. */
export type WithoutUsers = 'opens' | 'stays' | 'may open'

/** What clients could do if there were no user left, by the daemon's own rule; nothing opens what is open. */
export function withoutUsers({ status, settings }: Pick<State, 'status' | 'settings'>): WithoutUsers {
  if (status && !status.passwordRequired) return 'stays'
  const { auth, ...given } = Object.fromEntries(settings.map(({ name, value }) => [name, value]))
  const addresses = given['socks-addr']
  if (auth === undefined || !Array.isArray(addresses)) return 'may open'
  const mayBeOpen = given['open-proxy'] === true || addresses.every(isLoopback)
  return auth === 'auto' && mayBeOpen ? 'opens' : 'stays'
}
