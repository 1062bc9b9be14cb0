import { formatRule, ofLines, parseRuleLine, parseRules, type Rule, type RuleTest } from '../policy/rule.ts'
import { firstRuleId } from '../policy/rule-set.ts'
import { inSlices } from '../slices.ts'

/** The rules as operators wrote them, comments and all, and the numbers by which they know each. */
export interface RuleText {
  readonly text: string
  readonly rules: readonly Rule[]
  readonly tests: readonly RuleTest[]
  /** As `rules`: each in the words of `formatRule`, which takes long of many. */
  readonly texts: readonly string[]
  /** As `rules`. A number is never given twice. */
  readonly ids: readonly number[]
  readonly nextId: number
}

/** There are no rules yet. */
export const noRules: RuleText = { text: '', rules: [], tests: [], texts: [], ids: [], nextId: firstRuleId }

/**
 * As it was kept. Throws a `RuleSyntaxError`: another version of proxyd may have kept it. Numbers that are not those of these rules are
 * given anew, by all nodes of a fleet alike.
 */
export function restoreText({ text, ids, nextId }: Pick<RuleText, 'text' | 'ids' | 'nextId'>): RuleText {
  const { rules, tests } = parseRules(text)
  const texts = rules.map(formatRule)
  if (ids.length === rules.length && new Set(ids).size === ids.length) return { text, rules, tests, texts, ids, nextId }
  return { text, rules, tests, texts, ids: rules.map((_, i) => nextId + i), nextId: nextId + rules.length }
}

/**
 * The text that takes the place of another: a rule that stands in both keeps its number. Rejects with a `RuleSyntaxError`.
 * A text may be long, so it is read in turns between which others have the main thread.
 */
export async function replaceText(previous: RuleText, text: string): Promise<RuleText> {
  let number = 0
  const old = new Set(previous.text.split('\n'))
  const read = (content: string) => parseRuleLine(content, ++number, !old.has(content))
  const { rules, tests } = ofLines(await inSlices(text.split('\n'), read))
  // Of several alike the first is the last of its list, from where it is taken first.
  const known = new Map<string, number[]>()
  for (let i = previous.texts.length - 1; i >= 0; i--) {
    const alike = known.get(previous.texts[i])
    if (alike) alike.push(previous.ids[i])
    else known.set(previous.texts[i], [previous.ids[i]])
  }
  let { nextId } = previous
  const texts = await inSlices(rules, formatRule)
  const ids = texts.map((rule) => known.get(rule)?.pop() ?? nextId++)
  return { text, rules, tests, texts, ids, nextId }
}

/** What of two texts differs: rules that only one of them has, in the words of `formatRule`, and whether the others changed places. */
export function difference(before: RuleText, after: RuleText) {
  const [old, now] = [new Set(before.ids), new Set(after.ids)]
  const textsOf = ({ texts, ids }: RuleText, other: ReadonlySet<number>) => texts.filter((_, i) => !other.has(ids[i]))
  const common = ({ ids }: RuleText, other: ReadonlySet<number>) => ids.filter((id) => other.has(id)).join()
  return {
    added: textsOf(after, old),
    removed: textsOf(before, now),
    reordered: common(before, now) !== common(after, old),
  }
}

/** Whether nobody may go where they might not before: rules that deny have come, and some that allow have gone. */
export function isTighter(before: RuleText, after: RuleText): boolean {
  const only = (of: RuleText, other: RuleText) => {
    const known = new Set(other.ids)
    return of.rules.filter((_, i) => !known.has(of.ids[i]))
  }
  return (
    !difference(before, after).reordered &&
    only(after, before).every(({ allow }) => !allow) &&
    only(before, after).every(({ allow }) => allow)
  )
}

/** The text with another line so that its rule has this place among all, from 1; behind the last one it comes last. */
export function withRule({ text, rules }: RuleText, line: string, place: number): string {
  const lines = linesOf(text)
  const at = rules[place - 1]?.line ?? lines.length + 1
  return asText(lines.toSpliced(at - 1, 0, line))
}

/** The text without the rules of these numbers. */
export function withoutRules({ text, rules, ids }: RuleText, unwanted: readonly number[]): string {
  const those = new Set(unwanted)
  const lines = new Set(rules.filter((_, i) => those.has(ids[i])).map(({ line }) => line))
  return asText(linesOf(text).filter((_, i) => !lines.has(i + 1)))
}

/** The text without its tests, which may be about users whom not everybody knows. */
export function withoutTests({ text, tests }: RuleText): string {
  const lines = new Set(tests.map(({ line }) => line))
  return asText(linesOf(text).filter((_, i) => !lines.has(i + 1)))
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

function asText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
