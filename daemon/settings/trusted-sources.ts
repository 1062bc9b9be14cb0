import type { TrustedSource } from '../engine/engine.ts'
import { type Network, parseNetwork } from '../net/network.ts'

/** Users, as far as it concerns who is trusted as one. */
export interface KnownUsers {
  named(name: string): { readonly index: number; readonly enabled: boolean } | undefined
}

/** Read `NET[=USER]`; without a user, whoever comes from there counts as nobody. Throws a RangeError. */
export function parseTrusted(text: string): { readonly network: Network; readonly name: string | undefined } {
  const [, network = text, name] = /^([^=]*)=(.*)$/.exec(text) ?? []
  if (name === '') throw new RangeError(`${JSON.stringify(text)} wants a user's name behind the =`)
  return { network: parseNetwork(network), name }
}

/** Who needs no password now: a source is trusted as a user only while that user exists and may log in. */
export function trustedSources(texts: readonly string[], accounts: KnownUsers): TrustedSource[] {
  return texts.map(parseTrusted).flatMap(({ network, name }) => {
    if (name === undefined) return { network, user: 0 }
    const account = accounts.named(name)
    return account?.enabled ? { network, user: account.index } : []
  })
}

/** Whether it depends on users who is trusted. */
export function isOfUsers(texts: readonly string[]): boolean {
  return texts.some((text) => text.includes('='))
}

/** As whom clients come without a login: users who are needed in memory as long as it says so. */
export function trustedNames(texts: readonly string[]): Set<string> {
  return new Set(texts.flatMap((text) => parseTrusted(text).name ?? []))
}

/** What an operator should know of these: one line for each. */
export function trustWarnings(texts: readonly string[], accounts: KnownUsers): string[] {
  return texts.map((text) => {
    const { name } = parseTrusted(text)
    const source = text.slice(0, name === undefined ? undefined : -name.length - 1)
    if (name === undefined) return `clients from ${source} need no password (trusted-from), and count as nobody`
    if (accounts.named(name)) return `clients from ${source} need no password (trusted-from), and count as ${name}`
    return `clients from ${source} must log in like all others, until there is a user ${JSON.stringify(name)} (trusted-from)`
  })
}
