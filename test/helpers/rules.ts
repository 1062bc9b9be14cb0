import type { RuleMemory } from '../../daemon/engine/engine.ts'
import { compileRules, type IndexOf, type NumberedRule } from '../../daemon/policy/compile.ts'
import { parseRules } from '../../daemon/policy/rule.ts'
import { RuleHits } from '../../daemon/policy/rule-hits.ts'
import { firstRuleId, RuleSet } from '../../daemon/policy/rule-set.ts'

/** The rules of a text, numbered from `firstRuleId` on. */
export function numbered(text: string): NumberedRule[] {
  return parseRules(text).rules.map((rule, i) => ({ id: firstRuleId + i, rule, to: rule.to }))
}

/** As the daemon gives them to an engine with two loops at most; there is nobody whom a rule may name, unless told. */
export function ruleMemory(text: string, indexOf: IndexOf = () => undefined): RuleMemory {
  const rules = compileRules(numbered(text), indexOf)
  const via = numbered(text).flatMap(({ id, rule }) => (rule.via.length > 0 ? [[id, rule.via] as const] : []))
  return { rules, hits: RuleHits.memory(new RuleSet(rules), 2), via: new Map(via) }
}
