import { BlockList, isIPv6 } from 'node:net'
import type { Health } from '../../../shared/protocol/methods.ts'
import type { DaemonState, Status } from './state.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** The share of what there is from which on it is scarce. */
const scarce = 0.9
/** Milliseconds by which a thread may be late at worst. */
const lateness = 100
/** The lag told is the worst of ten seconds: who is late for longer than these milliseconds is late again and again. */
const persistent = 15_000

/** Names not found in a minute that are more than somebody's slips. */
const manyNames = 10

/** What is wrong or soon will be, the worst first, a few words each, safe to show but for what the store says. */
export function alarms({ status, lateSince }: Pick<DaemonState, 'status' | 'lateSince'>): string[] {
  if (!status) return []
  const { health, draining } = status
  const late = lateSince !== null && status.sample.time - lateSince >= persistent
  return [
    ...(draining ? ['draining: new clients are refused'] : []),
    ...(isOpen(status) ? ['other machines can use this proxy, and no password is required'] : []),
    ...(health.store.problem === null ? [] : [`changes are not stored: ${health.store.problem}`]),
    ...nearLimit('connections', health.sessions.live, health.sessions.max),
    ...nearLimit('descriptors', health.descriptors.open, health.descriptors.max),
    ...(late ? [`busy: late by ${Math.round(worstLag(health))} ms`] : []),
    ...(health.names.failed >= manyNames ? [`${health.names.failed} names not found in the last minute`] : []),
  ]
}

/** Milliseconds by which the slowest thread was late. */
function worstLag({ lag, loops }: Health): number {
  return Math.max(lag, ...loops.map((loop) => loop.lag))
}

/** Since when all that was told of a daemon was late, by its clock; null: it is not. */
export function lateSinceWhen(before: number | null, { health, sample }: Status): number | null {
  return worstLag(health) > lateness ? (before ?? sample.time) : null
}

/** Whether other machines are served without a password. */
function isOpen({ passwordRequired, listening }: Status): boolean {
  return !passwordRequired && listening.some(({ service, address }) => service === 'socks' && !isLocal(address))
}

/** Whether only this machine reaches it: `::ffff:127.0.0.1` is loopback, too. */
function isLocal(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  return loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')
}

function nearLimit(what: string, used: number, most: number): string[] {
  return used > scarce * most ? [`${used} of at most ${most} ${what}`] : []
}
