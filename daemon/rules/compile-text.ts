import { once } from 'node:events'
import { startThread, ThreadFile } from '../os/thread-file.ts'
import { compileRules } from '../policy/compile.ts'
import { parseRules } from '../policy/rule.ts'
import { Refusal } from '../refusal.ts'
import { destinationsOf } from './rule-lists.ts'

/** What rules are compiled from. */
export interface CompileOptions {
  readonly text: string
  readonly ids: readonly number[]
  /** Where lists with relative paths lie. */
  readonly folder: string
}

/** Characters of rules that are compiled at once, in some milliseconds. */
const mostAtOnce = 16_384
/** Destinations of all rules together, those of a list once for each rule that names it: half a gigabyte while they are compiled. */
const mostDestinations = 4_000_000
const threadFile = ThreadFile.beside(import.meta.url, 'compile-thread')

/** What the thread tells: the rules, or why there are none. */
export type Compiled = { readonly rules: SharedArrayBuffer } | { readonly refusal: string }

/**
 * As `compileText`; whatever may take longer, on a thread of its own: a hundred thousand destinations take half a second,
 * for which nobody's login, name or byte shall wait. But rather that than rules of a shape that the loops do not know.
 */
export async function compileAside(options: CompileOptions): Promise<SharedArrayBuffer> {
  const isQuick = options.text.length <= mostAtOnce && !options.text.includes('@')
  if (isQuick || threadFile.isReplaced) return compileText(options)
  // Flags of the process, such as --eval, are not for it.
  const thread = startThread(threadFile.url, { workerData: options, name: 'rules', execArgv: [] })
  const compiled = await once(thread, 'message').then(
    ([message]) => message as Compiled,
    (error: NodeJS.ErrnoException) => {
      // It has not begun, such as for want of descriptors.
      if (error.code === 'ERR_WORKER_INIT_FAILED') return { rules: compileText(options) }
      throw error
    },
  )
  if ('refusal' in compiled) throw new Refusal('invalid', compiled.refusal)
  return compiled.rules
}

/**
 * Compiles the rules of a text, and reads its lists. Whom they name is nobody until `writeSubjects`. Throws a Refusal for a
 * list that cannot be read.
 */
export function compileText({ text, ids, folder }: CompileOptions): SharedArrayBuffer {
  const { rules } = parseRules(text)
  let left = mostDestinations
  const numbered = rules.map((rule, i) => {
    const to = destinationsOf(rule, folder)
    left -= to.length
    if (left >= 0) return { id: ids[i], rule, to }
    const mend = 'let one rule of a group name a list, in place of one a user'
    throw new Refusal('invalid', `the rules have more than ${mostDestinations} destinations, lists included: ${mend}`)
  })
  return compileRules(numbered, () => undefined)
}
