import type { Rule } from '../../../shared/protocol/methods.ts'

/** The rules as they were told, the daemon's own among them, in the order in which they are asked. */
export interface Rules {
  readonly revision: number
  readonly rules: readonly Rule[]
  /** As it was applied, comments and all; null: it was not asked for. */
  readonly text: string | null
}

/** The rules that refused something, those that did so most in the last minute first. */
export function refusingRules({ rules }: Rules): readonly Rule[] {
  return rules
    .filter(({ text, hits }) => hits > 0 && text.startsWith('deny'))
    .sort((one, other) => other.lately - one.lately || other.hits - one.hits)
}

/** The person's own rules, and of the daemon's own those that decided something; the busiest of the last minute first. */
export function busiestRules(rules: Rules | null): readonly Rule[] {
  const told = rules?.rules.filter(({ place, hits }) => place !== null || hits > 0) ?? []
  return told.sort((one, other) => other.lately - one.lately || other.hits - one.hits)
}

/** A rule for people: by its id, which commands, filters and the log know it by, with its text as far as that is known. */
export function ruleText(rules: Rules | null, id: number): string {
  const rule = rules?.rules.find((each) => each.id === id)
  return rule ? `rule ${id}: ${rule.text}` : `rule ${id}`
}
