import { isLoopback } from '../../shared/loopback.ts'
import type { Settings } from '../../shared/settings.ts'
import type { LoginPolicy } from '../access/login-policy.ts'
import { Failure } from '../failure.ts'

/** Whether to serve clients without a password is safe, since only this machine reaches the sockets, or wished for. */
export function mayBeOpen(settings: Readonly<Settings>): boolean {
  return settings['open-proxy'] || settings['socks-addr'].every(isLoopback)
}

export function loginPolicy(settings: Readonly<Settings>): LoginPolicy {
  return { auth: settings.auth, mayBeOpen: mayBeOpen(settings) }
}

/** The address by which other machines reach SOCKS, if they do. */
export function remoteAddress(settings: Readonly<Settings>): string | undefined {
  return settings['socks-addr'].find((address) => !isLoopback(address))
}

/** Throws a `Failure` if these settings and this number of users make a proxy that is open to other machines. */
export function refuseOpenProxy(settings: Readonly<Settings>, users: number): void {
  if (mayBeOpen(settings) || settings.auth === 'required' || (settings.auth === 'auto' && users > 0)) return
  const mend =
    settings.auth === 'none'
      ? 'let clients log in, with --auth auto'
      : "add a user (with -u, or proxy-tui --exec 'adduser NAME' while proxyd serves loopback only)"
  throw new Failure(
    2,
    `SOCKS on ${remoteAddress(settings)} without a password serves anyone who reaches it: ${mend}, or pass --open-proxy`,
  )
}
