import { describe, expect, it } from 'vitest'
import { RuleHits } from '../../daemon/policy/rule-hits.ts'
import { firstRulePlace, RuleSet } from '../../daemon/policy/rule-set.ts'
import { compileText } from '../../daemon/rules/compile-text.ts'
import { HitCounts } from '../../daemon/rules/hit-counts.ts'

/** Rules of these numbers, for one loop, each of which has decided once; so has what the daemon adds of its own. */
function hitRules(ids: readonly number[]) {
  const text = ids.map((id) => `deny to host-${id}.test\n`).join('')
  const rules = compileText({ text, ids, folder: '/' })
  const hits = RuleHits.memory(new RuleSet(rules), 1)
  const counts = new RuleHits(hits, firstRulePlace + ids.length, 0)
  for (let place = 1; place < firstRulePlace + ids.length; place++) counts.count(place, 5)
  return { rules, hits, via: new Map() }
}

describe('hits', () => {
  it('are kept of rules in force, and not of those that come and go all day', () => {
    const counts = new HitCounts(1)
    let inForce = hitRules([16])
    for (const ids of [[16, 17], [16, 18], [16, 19], [16]]) {
      const now = hitRules(ids)
      counts.keep(inForce, now)
      inForce = now
    }
    const hitsOf = counts.read(inForce)
    expect([1, 16, 17, 18, 19].map((id) => hitsOf(id).hits)).toEqual([5, 5, 0, 0, 0])
  })
})
