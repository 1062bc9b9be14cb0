import { limits } from '../../../shared/protocol/limits.ts'
import { firstThatFit } from '../../../shared/protocol/message.ts'
import type { Result } from '../../../shared/protocol/methods.ts'
import type { RuleAdministration } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'

/** Bytes of one rule in a list, whose text is cut beyond that. */
const longestRow = 256 * 1024

/** The rules that say where clients may go: listed, tried out, changed. */
export function ruleHandlers(rules: RuleAdministration): HandlersOf<'rules'> {
  return {
    'rules.list': ({ cursor, limit = limits.page, text: wantsText = false }) => {
      const { revision, rows } = rules.list()
      const start = Number(cursor ?? 0)
      const text = wantsText && cursor === undefined ? { text: rules.text } : {}
      const room = limits.line - Buffer.byteLength(JSON.stringify(text))
      const shown = room < longestRow ? [] : firstThatFit(rows.slice(start, start + limit), room)
      const end = start + shown.length
      return { revision, rules: shown, ...text, ...(end < rows.length && { next: String(end) }) }
    },
    'rules.apply': async (change) => shortened(await rules.apply(change)),
    'rules.add': async (change) => shortened(await rules.add(change)),
    'rules.insert': async (change) => shortened(await rules.insert(change)),
    'rules.move': async (change) => shortened(await rules.move(change)),
    'rules.remove': async (change) => shortened(await rules.remove(change)),
    'rules.test': (request) => rules.test(request),
  }
}

/** What differs is told of as many rules as fit into the reply. */
function shortened(change: Result<'rules.apply'>): Result<'rules.apply'> {
  const [added, removed] = [change.added, change.removed].map((texts) => firstThatFit(texts, limits.line / 3))
  return { ...change, added, removed }
}
