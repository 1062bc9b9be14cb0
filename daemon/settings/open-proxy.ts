import type { Settings } from '../../shared/settings.ts'
import { Failure } from '../failure.ts'
import { isLoopbackLiteral } from '../net/address.ts'
import type { Endpoint } from '../net/endpoint.ts'

/** Whether to serve clients without a password is safe, since only this machine reaches the sockets, or wished for. */
export function mayBeOpen(settings: Readonly<Settings>): boolean {
  return settings['open-proxy'] || remotePlace(settings) === undefined
}

/**
 * Whether clients must log in while there are `users` users, disabled ones included. Removing the last user never turns
 * a proxy that other machines reach into an open one.
 */
export function passwordRequired(settings: Readonly<Settings>, users: number): boolean {
  if (settings.auth === 'auto') return users > 0 || !mayBeOpen(settings)
  return settings.auth === 'required'
}

/** Where other machines reach SOCKS, if they do: on an address, or behind a balancer, be it one on this machine. */
export function remotePlace(settings: Readonly<Settings>): string | undefined {
  const [balancer] = settings['proxy-protocol-from']
  if (balancer !== undefined) return `behind ${balancer}`
  const remote = settings['socks-addr'].find((address) => !isLoopbackLiteral(address))
  return remote && `on ${remote}`
}

/** Whether proxyd starts with these settings and this number of users: not if it would be open by accident. */
export function mayStart(settings: Readonly<Settings>, users: number): boolean {
  return mayBeOpen(settings) || settings.auth === 'required' || (settings.auth === 'auto' && users > 0)
}

/**
 * What an operator should know who serves these endpoints, or who comes by these balancers, without a password; undefined if
 * only this machine is served.
 */
export function openProxyWarning(listening: readonly Endpoint[], balancers: readonly string[]): string | undefined {
  const remote = listening.filter(({ address }) => !isLoopbackLiteral(address))
  const sockets = remote.map(({ address, port }) => `${address} port ${port}`)
  const places = (balancers.length > 0 ? balancers.map((each) => `the balancer ${each}`) : sockets).join(' or ')
  if (places === '') return undefined
  return `anyone who reaches ${places} may use this proxy: it asks for no password (see auth, open-proxy and adduser)`
}

/**
 * What to know of settings that serve loopback only, and would make an open proxy of the next start on other addresses
 * without a refusal; empty if they would not.
 */
export function openProxyAhead(settings: Readonly<Settings>, users: number): string[] {
  if (!settings['open-proxy'] || passwordRequired(settings, users)) return []
  return [
    'only this machine reaches SOCKS for now: started to serve others, such as with -l 0.0.0.0, proxyd lets anyone who ' +
      'reaches it in without a password',
  ]
}

/** Throws a `Failure` if these settings and this number of users make a proxy that is open to other machines. */
export function refuseOpenProxy(settings: Readonly<Settings>, users: number): void {
  if (mayStart(settings, users)) return
  const mend =
    settings.auth === 'none'
      ? 'let clients log in, with --auth auto'
      : "add a user (with -u, or proxy-tui --exec 'adduser NAME' while proxyd serves loopback only)"
  throw new Failure(
    2,
    `SOCKS ${remotePlace(settings)} without a password serves anyone who reaches it: ${mend}, or pass --open-proxy`,
  )
}
