import type { EndReason } from '../protocol/methods.ts'

/** What became of clients, in few words. */
const words: Readonly<Record<EndReason, string>> = {
  denied: 'wrong password',
  malformed: 'not SOCKS5',
  unsupported: 'not supported',
  forbidden: 'forbidden',
  limit_user: 'limit of user',
  limit_source: 'limit of source',
  rate: 'too many a time',
  sources: 'not from there',
  quota: 'quota used up',
  expired: 'expired',
  not_found: 'no such name',
  unreachable: 'unreachable',
  refused: 'refused',
  timed_out: 'timed out',
  silent: 'silent client',
  gone: 'client left',
  failed: 'other failure',
  finished: 'finished',
  reset: 'broken off',
  idle: 'idle too long',
  cut: 'cut off',
  ended: 'daemon ended',
  revoked: 'rules changed',
}

/** All that a filter can ask for: the protocol's words, and those for people. */
export const reasonChoices: readonly string[] = Object.entries(words).flat()

/** A newer daemon may tell of reasons that are not known here. */
export function wordFor(reason: string): string {
  return words[reason as EndReason] ?? reason
}
