import { compileRules } from '../policy/compile.ts'
import { parseRules } from '../policy/rule.ts'
import { destinationsOf } from './rule-lists.ts'

/** What rules are compiled from. */
export interface CompileOptions {
  readonly text: string
  readonly ids: readonly number[]
  /** Where lists with relative paths lie. */
  readonly folder: string
}

/**
 * Compiles the rules of a text, and reads its lists. Whom they name is nobody until `writeSubjects`. Throws a Refusal for a
 * list that cannot be read. A hundred thousand destinations take half a second.
 */
export function compileText({ text, ids, folder }: CompileOptions): SharedArrayBuffer {
  const { rules } = parseRules(text)
  const numbered = rules.map((rule, i) => ({ id: ids[i], rule, to: destinationsOf(rule, folder) }))
  return compileRules(numbered, () => undefined)
}
