import type { Rule } from '../../../shared/protocol/methods.ts'

/** The rules as they were told, the daemon's own among them, in the order in which they are asked. */
export interface ToldRules {
  readonly revision: number
  readonly rules: readonly Rule[]
  /** As it was applied, comments and all; null: it was not asked for. */
  readonly text: string | null
  /** Milliseconds since 1970 by this machine's clock. */
  readonly at: number
}

export interface Rules extends ToldRules {
  /** The hits of each rule that had some, at moments of the last minute, the oldest first. */
  readonly marks: readonly { readonly at: number; readonly hits: ReadonlyMap<number, number> }[]
}

/** Milliseconds between two marks, and for how long they are kept. */
const pace = 5000
const minute = 60_000

/** What is known of the rules once they have been told again. */
export function learnRules(before: Rules | null, told: ToldRules): Rules {
  const marks = before?.marks.filter(({ at }) => told.at - at <= minute) ?? []
  const last = marks.at(-1)
  const due = !last || told.at - last.at >= pace
  const mark = { at: told.at, hits: new Map(told.rules.flatMap(({ id, hits }) => (hits > 0 ? [[id, hits]] : []))) }
  return { ...told, marks: due ? [...marks, mark] : marks }
}

/** How often a rule refused something: in the last minute, as far as it was followed, and since the daemon's start. */
interface Refusals {
  readonly rule: Rule
  readonly lastMinute: number
}

/** The rules that refused something, those that did so most in the last minute first. */
export function refusingRules({ rules, marks }: Rules): Refusals[] {
  const before = marks[0]?.hits
  return rules
    .filter(({ text, hits }) => hits > 0 && text.startsWith('deny'))
    .map((rule) => ({ rule, lastMinute: rule.hits - (before?.get(rule.id) ?? 0) }))
    .sort((one, other) => other.lastMinute - one.lastMinute || other.rule.hits - one.rule.hits)
}

/** A rule for people: by its id, which commands, filters and the log know it by, with its text as far as that is known. */
export function ruleText(rules: Rules | null, id: number): string {
  const rule = rules?.rules.find((each) => each.id === id)
  return rule ? `rule ${id}: ${rule.text}` : `rule ${id}`
}
