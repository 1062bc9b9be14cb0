/** Why sessions end. The order is that of the numbers in the daemon's tables. */

interface Facts {
  /** For people, in few words. */
  readonly words: string
  /** For who reads the protocol. */
  readonly means: string
  /** Set if proxyd itself refused, for all else it had no part in it: what it could not read or do, or what was not permitted. */
  readonly refusal?: 'request' | 'permission'
}

const reasons = {
  denied: { words: 'wrong password', means: 'wrong or missing password', refusal: 'permission' },
  malformed: { words: 'not understood', means: 'neither SOCKS nor a request to a proxy', refusal: 'request' },
  unsupported: {
    words: 'not supported',
    means: 'no such command, kind of address or protocol, or what is for servers of HTTP',
    refusal: 'request',
  },
  forbidden: { words: 'forbidden', means: 'by the rules', refusal: 'permission' },
  limit_user: { words: 'limit of user', means: 'as many connections as the user may have', refusal: 'permission' },
  limit_source: { words: 'limit of source', means: 'as many as the address may have', refusal: 'permission' },
  rate: { words: 'too many a time', means: 'too many in a short time', refusal: 'permission' },
  sources: { words: 'not from there', means: 'not from this address, or from so many', refusal: 'permission' },
  quota: { words: 'quota used up', means: 'used up, which ends live connections, too', refusal: 'permission' },
  expired: { words: 'expired', means: "the user's time is over, likewise", refusal: 'permission' },
  not_found: { words: 'no such name', means: 'no such name' },
  unreachable: { words: 'unreachable', means: 'there is no way to the destination' },
  refused: { words: 'refused', means: 'by the destination' },
  timed_out: { words: 'timed out', means: 'the destination did not answer' },
  silent: { words: 'silent client', means: 'the client asked nothing in time' },
  gone: { words: 'client left', means: 'the client left before it was served' },
  failed: { words: 'other failure', means: 'anything else before it stood' },
  finished: { words: 'finished', means: 'both sides were done' },
  reset: { words: 'broken off', means: 'one side broke off' },
  idle: { words: 'idle too long', means: 'nothing moved for too long' },
  cut: { words: 'cut off', means: 'by an operator' },
  ended: { words: 'daemon ended', means: 'the daemon was' },
  revoked: { words: 'rules changed', means: 'by rules that came later' },
} as const satisfies Readonly<Record<string, Facts>>

export type EndReason = keyof typeof reasons

export const endReasons = Object.keys(reasons) as readonly EndReason[]

const facts: Readonly<Record<string, Facts>> = reasons

/** Each with its meaning. */
export const endReasonMeanings = Object.entries(facts)
  .map(([reason, { means }]) => `\`${reason}\`: ${means}`)
  .join('; ')

/** All that a filter can ask for: the reasons, and their words for people. */
export const endReasonChoices: readonly string[] = Object.entries(facts).flatMap(([reason, { words }]) => [
  reason,
  words,
])

/** In few words. A newer daemon may tell of reasons that are not known here. */
export function endReasonWords(reason: string): string {
  return facts[reason]?.words ?? reason
}

/** Whether proxyd itself refused what was asked for: see `Facts`. */
export function refusalIn(reason: EndReason): Facts['refusal'] {
  return facts[reason]?.refusal
}
