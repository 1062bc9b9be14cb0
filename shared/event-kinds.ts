/** What can have happened that somebody may have to know. */

interface Facts {
  /** For people, in few words. */
  readonly words: string
  /** For who reads the protocol. */
  readonly means: string
  /** Set if the audit tells it, which is for admins. */
  readonly isAudit?: true
}

const kinds = {
  login_failed: { words: 'login failed', means: 'of a client' },
  client_refused: { words: 'client refused', means: 'by rules, or since it asked for what is not done' },
  limit_reached: { words: 'limit reached', means: 'a client was refused or cut for a limit' },
  not_reached: { words: 'not reached', means: 'the destination of a client' },
  ended_badly: { words: 'ended badly', means: 'a connection was broken off' },
  banned: { words: 'banned', means: 'a source' },
  unbanned: { words: 'unbanned', means: 'a source' },
  operator_login: { words: 'operator login', means: 'an operator, by name', isAudit: true },
  operator_login_failed: { words: 'operator refused', means: 'a login that failed', isAudit: true },
  change: { words: 'change', means: 'by an operator', isAudit: true },
  change_refused: { words: 'change refused', means: 'to an operator', isAudit: true },
  fleet: { words: 'other node', means: 'a change on another node of the fleet' },
  watch: { words: 'watch', means: 'what a watch looks out for' },
  log: { words: 'log', means: 'a warning or an error in the log' },
} as const satisfies Readonly<Record<string, Facts>>

export type EventKind = keyof typeof kinds

export const eventKinds = Object.keys(kinds) as readonly EventKind[]

const facts: Readonly<Record<string, Facts>> = kinds

/** Each with its meaning. */
export const eventKindMeanings = Object.entries(facts)
  .map(([kind, { means }]) => `\`${kind}\`: ${means}`)
  .join('; ')

/** All that a filter can ask for: the kinds, and their words for people. */
export const eventKindChoices: readonly string[] = Object.entries(facts).flatMap(([kind, { words }]) => [kind, words])

/** In few words. A newer daemon may tell of kinds that are not known here. */
export function eventKindWords(kind: string): string {
  return facts[kind]?.words ?? kind
}

/** Whether it is for admins, as the audit is. */
export function isAuditKind(kind: EventKind): boolean {
  return facts[kind]?.isAudit ?? false
}
