import { isIP } from 'node:net'
import { ruleFields } from '../filter/management-fields.ts'
import { counted } from '../format/count.ts'
import { formatTime } from '../format/time.ts'
import { RpcError } from '../protocol/errors.ts'
import type { Result, Rule } from '../protocol/methods.ts'
import { ruleClauses } from '../rule-clauses.ts'
import { type Context, everyPage } from './context.ts'
import { filterWords, readFilter } from './filter-words.ts'
import { unlessStored } from './new-password.ts'
import { oneOf, readCount, UsageError } from './usage.ts'
import { type Deed, type Flags, type Outcome, type Question, type Table, verb } from './verb.ts'

const commands = ['connect', 'bind', 'udp-associate'] as const
const mostPlaces = 100_000

const changeFlags = {
  'dry-run': 'only tell what would come of it',
  revision: { value: 'N', summary: 'only if the rules are still those of this revision' },
}
const unknownRule = { not_found: "list the rules with 'rules'", conflict: "look at them again with 'rules'" }

const noFlags: Flags = new Map()

type Change = Result<'rules.apply'>
type Wish = { ifRevision?: number; dryRun?: boolean }

/** The rules that say where clients may go. What follows `add` and `insert` is one line of them, as it would stand in a file. */
export const ruleVerbs = {
  rules: verb({
    arguments: '[WORD...]',
    role: 'operator',
    summary: 'list the rules in their order, and their hits',
    words: [...filterWords, ...ruleClauses],
    prepare: (words) => {
      const { matches } = readFilter(ruleFields, words)
      return async ({ call }) => {
        const rules = (await everyPage((from) => call('rules.list', from))).flatMap((page) =>
          page.rules.filter(matches),
        )
        return { data: rules, view: tableOf(rules) }
      }
    },
  }),
  'rules add': verb({
    arguments: 'RULE...',
    words: ruleClauses,
    role: 'admin',
    logged: true,
    flags: changeFlags,
    summary: 'add a rule, such as: deny to *.example.com',
    hints: unknownRule,
    ask: (words, flags) => ifItCuts('Add this rule?', words.join(' '), flags),
    prepare: (words, flags) => change(flags, (call, wish) => call('rules.add', { rule: words.join(' '), ...wish })),
  }),
  'rules insert': verb({
    arguments: 'N RULE...',
    words: ruleClauses,
    role: 'admin',
    logged: true,
    flags: changeFlags,
    summary: 'add a rule at a place: the first that matches counts',
    hints: unknownRule,
    ask: ([, ...words], flags) => ifItCuts('Add this rule?', words.join(' '), flags),
    prepare: ([text, ...words], flags) => {
      const place = readCount(text, 1, mostPlaces)
      return change(flags, (call, wish) => call('rules.insert', { place, rule: words.join(' '), ...wish }))
    },
  }),
  'rules replace': verb({
    arguments: 'ID RULE...',
    words: ruleClauses,
    takes: ['rule'],
    role: 'admin',
    logged: true,
    flags: changeFlags,
    summary: 'put a rule in place of another one',
    hints: unknownRule,
    ask: ([, ...words], flags) => ifItCuts('Change it to this rule?', words.join(' '), flags),
    prepare: ([id, ...words], flags) => {
      const wanted = readId(id)
      return change(flags, async (call, wish) => {
        const { rules, text, revision } = await allRules(call)
        const place = rules.find((rule) => rule.id === wanted)?.place ?? null
        if (place === null) throw new UsageError(`there is no rule ${id} among the lines: list them with 'rules'`)
        return call('rules.apply', { ifRevision: revision, ...wish, text: replaceRule(text, place, words.join(' ')) })
      })
    },
  }),
  'rules move': verb({
    arguments: 'ID PLACE',
    takes: ['rule'],
    role: 'admin',
    logged: true,
    flags: changeFlags,
    summary: 'move a rule to another place',
    hints: unknownRule,
    ask: ([, place], flags) => ifItCuts(`Move it to place ${place}?`, '', flags),
    prepare: ([id, place], flags) => {
      const asked = { id: readId(id), place: readCount(place, 1, mostPlaces) }
      return change(flags, (call, wish) => call('rules.move', { ...asked, ...wish }))
    },
  }),
  'rules remove': verb({
    arguments: 'ID...',
    takes: ['rule'],
    role: 'admin',
    logged: true,
    flags: changeFlags,
    summary: 'remove rules by id',
    hints: unknownRule,
    ask: (ids, flags, { rule }) => {
      if (flags.has('dry-run')) return null
      const facts = ids.map((id) => rule(id)?.text ?? `rule ${id}`)
      return {
        question: `Remove ${ids.length === 1 ? 'this rule' : counted(ids.length, 'rule')}?`,
        facts,
        yes: 'Remove',
      }
    },
    prepare: (words, flags) => {
      const ids = words.map(readId)
      return change(flags, (call, wish) => call('rules.remove', { ids, ...wish }))
    },
  }),
  'rules apply': verb({
    arguments: '[FILE]',
    role: 'admin',
    logged: true,
    flags: { ...changeFlags, text: { value: 'TEXT', summary: 'the rules themselves, in place of FILE' } },
    summary: 'put a text in place of all rules; - is stdin',
    hints: { conflict: unknownRule.conflict },
    ask: (_, flags) => ifItCuts('Put this text in place of all rules?', '', flags),
    prepare: ([file], flags) => {
      const given = flags.get('text')
      if ((file === undefined) === (given === undefined)) throw new UsageError('FILE is needed, or --text, not both')
      return change(flags, async (call, wish, readText) => {
        return call('rules.apply', { text: given ?? (await readText(file ?? '')), ...wish })
      })
    },
  }),
  'rules edit': verb({
    arguments: '',
    role: 'admin',
    logged: true,
    summary: 'edit the text of all rules in $EDITOR',
    prepare:
      () =>
      async ({ call, editText }) => {
        const now = () => call('rules.list', { text: true, limit: 1 })
        let { text = '', revision } = await now()
        let problem: string | undefined
        for (;;) {
          const saved = await editText(text, problem)
          if (saved === undefined || saved === text) return { data: null, view: 'nothing has changed' }
          try {
            return outcomeOf(await call('rules.apply', { text: saved, ifRevision: revision }), noFlags)
          } catch (error) {
            if (!(error instanceof RpcError) || !['invalid_params', 'conflict'].includes(error.kind)) throw error
            // What was written is not lost: who saves it again has seen what is wrong with it.
            text = saved
            problem = error.message
            if (error.kind === 'conflict') revision = (await now()).revision
          }
        }
      },
  }),
  'rules test': verb({
    arguments: 'USER TO',
    takes: ['user'],
    role: 'operator',
    flags: {
      from: { value: 'ADDR', summary: "the client's address; 127.0.0.1 unless told" },
      cmd: { value: 'CMD', summary: 'what the client asks for; connect unless told', choices: commands },
      resolve: { value: 'ADDR,...', summary: 'what the name stands for; unless told it is looked up' },
    },
    summary: 'what they say of USER (- without login) to HOST:PORT',
    prepare: ([user, to], flags) => {
      const asked = { user: user === '-' ? null : user, ...hostAndPort(to), ...conditions(flags) }
      return async ({ call }) => {
        const result = await call('rules.test', asked)
        const rules = (await everyPage((from) => call('rules.list', from))).flatMap((page) => page.rules)
        return { data: result, view: trialTable(result, rules), warnings: untried(asked.host, result) }
      }
    },
  }),
}

type Ask = (call: Context['call'], wish: Wish, readText: Context['readText']) => Promise<Change>

function change(flags: Flags, ask: Ask): Deed {
  const wish = wishOf(flags)
  return async ({ call, readText }) => outcomeOf(await ask(call, wish, readText), flags)
}

/** What is asked where live connections would be cut. */
function ifItCuts(question: string, rule: string, flags: Flags): Question | null {
  if (flags.has('dry-run')) return null
  return { question, facts: rule === '' ? [] : [rule], yes: 'Do it', onlyIfWarned: true }
}

/** All of the rules, and their text as it was applied. */
async function allRules(call: Context['call']) {
  const pages = await everyPage((from) => call('rules.list', { ...from, text: true }))
  return { rules: pages.flatMap((page) => page.rules), text: pages[0]?.text ?? '', revision: pages[0]?.revision ?? 0 }
}

/** The text with another line in place of the rule at a place, from 1; comments and tests count as none. */
function replaceRule(text: string, place: number, line: string): string {
  let left = place
  return text
    .split('\n')
    .map((each) => (/^\s*(?:$|#|test\s)/.test(each) || --left !== 0 ? each : line))
    .join('\n')
}

function wishOf(flags: Flags): Wish {
  const revision = flags.get('revision')
  return {
    ...(revision !== undefined && { ifRevision: readCount(revision, 0, Number.MAX_SAFE_INTEGER) }),
    ...(flags.has('dry-run') && { dryRun: true }),
  }
}

function outcomeOf(result: Change, flags: Flags): Outcome {
  const { added, removed, reordered, cut, warnings } = result
  const isDry = flags.has('dry-run')
  const lines = [...removed.map((rule) => `- ${rule}`), ...added.map((rule) => `+ ${rule}`)]
  if (reordered) lines.push('others change places')
  if (isNothing(result)) lines.push('the rules are those already')
  const ended = isDry ? 'would cut' : 'cut'
  return {
    data: result,
    view: { rows: [...lines, `${ended} ${counted(cut, 'connection')}`].map((line) => [line]) },
    ...(isDry && cut > 0 && { costs: [`It cuts ${counted(cut, 'live connection')}.`] }),
    warnings: [...(warnings ?? []), ...(unlessStored(result).warnings ?? [])],
    told: `${added.length} added, ${removed.length} removed, ${ended} ${counted(cut, 'connection')}`,
  }
}

function isNothing({ added, removed, reordered }: Change): boolean {
  return added.length + removed.length === 0 && !reordered
}

function readId(text: string): number {
  const id = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(id)) throw new UsageError('ID is the number of a rule')
  return id
}

function hostAndPort(text: string): { host: string; port: number } {
  const [, bracketed, bare, digits = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? bare
  if (host === undefined) throw new UsageError('TO is HOST:PORT, IPv6 in brackets')
  return { host, port: Number(digits) }
}

function conditions(flags: Flags) {
  const [from, cmd, resolve] = ['from', 'cmd', 'resolve'].map((name) => flags.get(name))
  return {
    ...(from !== undefined && { from }),
    ...(cmd !== undefined && { command: oneOf(commands, cmd, 'CMD') }),
    ...(resolve !== undefined && { resolve: resolve.split(',') }),
  }
}

function tableOf(rules: readonly Rule[]): Table {
  return {
    heading: ['PLACE', 'ID', 'HITS', 'LAST', 'RULE'],
    right: [0, 1, 2],
    rows: rules.map(({ place, id, hits, last, source, text, unknown }) => [
      place === null ? source : String(place),
      String(id),
      String(hits),
      last === null ? '-' : formatTime(last),
      unknown ? `${text}  (nobody of that name)` : text,
    ]),
  }
}

/** A name is allowed by itself where rules may still deny all that it leads to. */
function untried(host: string, { allowed, phases }: Result<'rules.test'>): string[] {
  if (!allowed || isIP(host) !== 0 || phases.some(({ address }) => address !== null)) return []
  return [`${host} has no address now, so only its name was tried: --resolve gives it one`]
}

function trialTable({ allowed, phases }: Result<'rules.test'>, rules: readonly Rule[]): Table {
  const named = (id: number | null) => {
    if (id === null) return '-'
    return `${id} ${rules.find((rule) => rule.id === id)?.text ?? ''}`.trimEnd()
  }
  return {
    heading: ['AT', 'SAYS', 'RULE', 'NEXT'],
    rows: [
      ...phases.map(({ address, allowed, rule, next }) => [
        address ?? 'request',
        allowed ? 'allow' : 'deny',
        named(rule),
        named(next),
      ]),
      ['in all', allowed ? 'allow' : 'deny', '', ''],
    ],
  }
}
