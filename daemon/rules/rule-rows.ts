import type { Rule } from '../../shared/protocol/methods.ts'
import type { Settings } from '../../shared/settings.ts'
import type { IndexOf } from '../policy/compile.ts'
import { BuiltIn } from '../policy/rule-set.ts'
import type { ToldHits } from './hit-counts.ts'
import { isUnknown } from './rule-subjects.ts'
import type { RuleText } from './rule-text.ts'

/** Characters: a page of them must fit into a line. */
const longestText = 65_536

/** All that decides, in the order in which it counts: what the daemon adds of its own stands before the rules, or behind them. */
export function rowsOf(
  { rules, texts, ids }: RuleText,
  hits: (id: number) => ToldHits,
  { commands }: Pick<Settings, 'commands'>,
  indexOf: IndexOf,
): Rule[] {
  const known = (id: number) => {
    const { hits: count, lately, last } = hits(id)
    return { id, hits: count, lately, last: last === 0 ? null : last }
  }
  const own = (id: number, source: 'setting' | 'built-in', text: string): Rule => ({
    ...known(id),
    place: null,
    source,
    text,
  })
  const refused = ['connect', 'bind', 'udp-associate'].filter((command) => !commands.includes(command))
  return [
    own(BuiltIn.ownSockets, 'built-in', "deny to proxyd's own sockets"),
    ...(refused.length > 0 ? [own(BuiltIn.commands, 'setting', `deny cmd ${refused.join(',')}`)] : []),
    ...rules.map(
      (rule, i): Rule => ({
        ...known(ids[i]),
        place: i + 1,
        source: 'rules',
        text: texts[i].slice(0, longestText),
        ...(isUnknown(rule.who, indexOf) && { unknown: true }),
      }),
    ),
    own(BuiltIn.special, 'built-in', 'deny to special # of clients that are not on loopback'),
  ]
}
