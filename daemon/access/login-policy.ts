import type { Settings } from '../../shared/settings.ts'

export interface LoginPolicy {
  readonly auth: Settings['auth']
  /** Whether serving without a password is safe or wished for: on loopback only, or with `--open-proxy`. */
  readonly mayBeOpen: boolean
}

/**
 * Whether clients must log in while there are `users` users, disabled ones included. Removing the last user never turns
 * a proxy that other machines reach into an open one.
 */
export function passwordRequired({ auth, mayBeOpen }: LoginPolicy, users: number): boolean {
  if (auth === 'auto') return users > 0 || !mayBeOpen
  return auth === 'required'
}
