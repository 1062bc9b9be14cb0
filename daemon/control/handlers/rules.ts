import { limits } from '../../../shared/protocol/limits.ts'
import type { RuleAdministration } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'

/** The rules that say where clients may go: listed, tried out, changed. */
export function ruleHandlers(rules: RuleAdministration): HandlersOf<'rules'> {
  return {
    'rules.list': ({ cursor, limit = limits.page, text }) => {
      const { revision, rows } = rules.list()
      const start = Number(cursor ?? 0) || 0
      const next = start + limit < rows.length ? String(start + limit) : undefined
      const shown = { revision, rules: rows.slice(start, start + limit), ...(next !== undefined && { next }) }
      return text ? { ...shown, text: rules.text } : shown
    },
    'rules.apply': (change) => rules.apply(change),
    'rules.add': (change) => rules.add(change),
    'rules.insert': (change) => rules.insert(change),
    'rules.move': (change) => rules.move(change),
    'rules.remove': (change) => rules.remove(change),
    'rules.test': (request) => rules.test(request),
  }
}
