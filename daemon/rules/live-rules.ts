import { isDeepStrictEqual } from 'node:util'
import type { Params, Result, Rule } from '../../shared/protocol/methods.ts'
import type { Settings } from '../../shared/settings.ts'
import type { Engine, RuleMemory } from '../engine/engine.ts'
import { parseAddress } from '../net/address.ts'
import { writeSubjects } from '../policy/compile.ts'
import type { OwnSockets } from '../policy/own-sockets.ts'
import { parseRuleLine, type RuleSubject, requested } from '../policy/rule.ts'
import { RuleHits } from '../policy/rule-hits.ts'
import { BuiltIn, RuleSet } from '../policy/rule-set.ts'
import { RuleSyntaxError } from '../policy/rule-words.ts'
import { Refusal } from '../refusal.ts'
import { inSlices } from '../slices.ts'
import { type RuleStore, type Store, StoreError } from '../store/store.ts'
import { demandMandate, Turns } from '../turns.ts'
import { compileAside } from './compile-text.ts'
import { HitCounts, pace } from './hit-counts.ts'
import { rowsOf } from './rule-rows.ts'
import { type Members, unknownSubjects } from './rule-subjects.ts'
import {
  difference,
  isTighter,
  noRules,
  type RuleText,
  replaceText,
  restoreText,
  withoutRules,
  withoutTests,
  withRule,
} from './rule-text.ts'
import { isAllowed, type Phase, tryOut } from './trial.ts'
import { wouldEnd } from './would-end.ts'

/** Differences that are told of one change. */
const mostTold = 500
/** Users whom a change of the rules has come from the store at most. */
const mostBrought = 1_000
/**
 * Names and addresses that the tests of a text have judged, from each client's address and for each command: perhaps by all rules
 * one after the other, for some 10 s of the main thread at worst, in turns with others.
 */
const mostTried = 20_000
/** Addresses that a name resolves to in one test, which takes one turn: as many as are kept of a name. */
const mostResolved = 32
/** Milliseconds between two looks at the clock, at most: somebody may set it, and timers stand still while the machine sleeps. */
const longestWait = 60_000

export interface LiveRulesOptions {
  readonly engine: Pick<Engine, 'order' | 'tables'>
  readonly members: Members
  readonly store: RuleStore
  readonly late: { store(what: string, write: () => Promise<unknown>): Promise<boolean>; settle(): Promise<void> }
  /** Hears of what is damaged in the store, and acts all the same. */
  readonly warn: (message: string) => void
  /** Where lists with relative paths lie. */
  readonly folder: string
  /** The settings in force. */
  readonly settings: () => Readonly<Settings>
  /** The sockets of the daemon itself that there are now. */
  readonly own: () => OwnSockets
  /** A name's addresses, as clients get them. */
  readonly lookUp: (name: string) => Promise<readonly string[]>
  /** Has these users in memory, as far as there are such; undefined where all are. */
  readonly bring?: ((names: Iterable<string>) => Promise<unknown> | undefined) | undefined
}

/** Rules that are compiled, and what they were compiled from. */
interface InForce {
  readonly text: RuleText
  readonly memory: RuleMemory
}

/** The setting `commands` does not let clients ask for such a thing. */
const byCommand: Phase = { address: undefined, decision: -BuiltIn.commands, next: undefined }

type Change = Result<'rules.apply'>
interface Wish {
  readonly ifRevision?: number | undefined
  readonly dryRun?: boolean | undefined
}

/**
 * The rules while the daemon runs. A change is first stored, then acts, on live sessions too, and takes its turn, so that
 * two operators never interfere; one that only denies more acts first, and is stored when it can be. A text is taken as a whole, or refused as a whole: nothing has changed then. Throws a
 * Refusal.
 */
export class LiveRules {
  readonly #options: LiveRulesOptions
  readonly #counts: HitCounts
  readonly #marking: NodeJS.Timeout
  #revision: number
  #inForce: InForce
  readonly #turns = new Turns()
  /** Waits for the time of the rule that ends next. */
  #timer: NodeJS.Timeout | undefined

  constructor(options: LiveRulesOptions, { revision, text, memory }: PreparedRules) {
    this.#options = options
    this.#revision = revision
    this.#inForce = { text, memory }
    this.#counts = new HitCounts(options.engine.tables.length)
    this.membersChanged()
    this.#awaitEnd()
    this.#marking = setInterval(() => this.#counts.mark(this.#inForce.memory), pace).unref()
  }

  get text(): string {
    return this.#inForce.text.text
  }

  /** As `text`, for a process that may know others than this one does. */
  get untested(): string {
    return withoutTests(this.#inForce.text)
  }

  list(): { readonly revision: number; readonly rows: readonly Rule[] } {
    const { text, memory } = this.#inForce
    const { settings, members } = this.#options
    return { revision: this.#revision, rows: rowsOf(text, this.#counts.read(memory), settings(), members.indexOf) }
  }

  /** Puts a text in place of the one there is. */
  apply({ text, ...wish }: Params<'rules.apply'>): Promise<Change> {
    return this.#change(wish, () => text)
  }

  /** Adds a rule behind the others. */
  add({ rule, ...wish }: Params<'rules.add'>): Promise<Change> {
    return this.#change(wish, async (before) => withRule(before, await oneRule(rule), before.rules.length + 1))
  }

  insert({ rule, place, ...wish }: Params<'rules.insert'>): Promise<Change> {
    return this.#change(wish, async (before) => withRule(before, await oneRule(rule), place))
  }

  move({ id, place, ...wish }: Params<'rules.move'>): Promise<Change> {
    return this.#change(wish, async (before) => {
      const line = before.text.split('\n')[placeIn(before, id).rule.line - 1]
      return withRule(await replaceText(before, withoutRules(before, [id])), line, place)
    })
  }

  remove({ ids, ...wish }: Params<'rules.remove'>): Promise<Change> {
    return this.#change(wish, (before) => {
      for (const id of ids) placeIn(before, id)
      return withoutRules(before, ids)
    })
  }

  /** What the rules say of a request. */
  async test({ user, host, port, from = '127.0.0.1', command = 'connect', resolve }: Params<'rules.test'>) {
    const { members, lookUp } = this.#options
    if (user !== null && members.indexOf('user', user) === undefined)
      throw new Refusal('not_found', `there is no user ${JSON.stringify(user)}`)
    for (const literal of [from, ...(resolve ?? [])])
      if (!parseAddress(literal)) throw new Refusal('invalid', `${JSON.stringify(literal)} is no address`)
    const destination = requested(host, port)
    if (!destination) throw new Refusal('invalid', cannotBeAsked(host))
    const addresses = resolve ?? (destination.kind === 'name' ? await lookUp(destination.name) : [])
    const who: RuleSubject = user === null ? { kind: 'any', name: '' } : { kind: 'user', name: user }
    const { rules } = this.#inForce.memory
    const trial = { who, destination, from, command, resolve: addresses }
    const isRefused = !this.#options.settings().commands.includes(command)
    const phases = isRefused ? [byCommand] : tryOut(rules, trial, { members, own: this.#options.own() })
    const set = new RuleSet(rules)
    const idOf = (decision: number | undefined) => (decision ? set.idOf(Math.abs(decision)) : null)
    return {
      allowed: isAllowed(phases),
      phases: phases.map(({ address = null, decision, next }) => {
        return { address, allowed: decision >= 0, rule: idOf(decision), next: idOf(next) }
      }),
    }
  }

  /** Groups have come or gone, or users changed theirs: rules that name them are about them, live sessions too, from now on. */
  async groupsChanged(): Promise<void> {
    this.membersChanged()
    const { text, memory } = this.#inForce
    if (text.rules.some(({ who }) => who.kind === 'group')) await this.#options.engine.order('judge', memory)
  }

  /** Users or groups have come or gone: rules that name them are about them from now on. */
  membersChanged(): void {
    const { text, memory } = this.#inForce
    writeSubjects(memory.rules, text.rules, this.#options.members.indexOf)
  }

  /**
   * Has act what the store says now, since another daemon has changed it there, on live sessions too: that has tried the tests. Rejects
   * with a StoreError or a Refusal, and then nothing has changed.
   */
  adopt(): Promise<void> {
    return this.#turns.take(async () => {
      await this.#options.late.settle()
      const { revision, text } = await storedText(this.#options.store, this.#options.warn)
      if (text.text === this.#inForce.text.text && isDeepStrictEqual(text.ids, this.#inForce.text.ids)) {
        this.#revision = Math.max(this.#revision, revision)
        return
      }
      const memory = await this.#compile(text)
      this.#revision = Math.max(this.#revision + 1, revision)
      await this.#act(text, memory)
    })
  }

  /** Reads the lists again, and acts by what they say now. */
  reload(): Promise<void> {
    return this.#turns.take(async () => {
      const { text } = this.#inForce
      if (!text.rules.some(({ to }) => to.some(({ kind }) => kind === 'file'))) return
      const memory = await this.#compile(text)
      await this.#checkTests(text, memory)
      await this.#act(text, memory)
    })
  }

  close(): void {
    clearInterval(this.#marking)
    clearTimeout(this.#timer)
  }

  #change({ ifRevision, dryRun = false }: Wish, edit: (before: RuleText) => string | Promise<string>): Promise<Change> {
    return this.#turns.take(async () => {
      if (ifRevision !== undefined && ifRevision !== this.#revision)
        throw new Refusal('conflict', 'the rules have changed meanwhile: look at them again', {
          revision: this.#revision,
        })
      const before = this.#inForce.text
      const text = await understood(async () => replaceText(before, await edit(before)))
      await this.#options.bring?.(newUsersIn(before, text))
      const memory = await this.#compile(text)
      await this.#checkTests(text, memory)
      const changes = { ...told(before, text), warnings: this.#warningsOf(before, text) }
      if (dryRun)
        return { ...changes, revision: this.#revision, cut: await wouldEnd(memory, this.#options), stored: true }
      const { late, store } = this.#options
      const revision = this.#revision + 1
      const write = () => store.save({ revision, text: text.text, ids: text.ids, nextId: text.nextId })
      const actsFirst = isTighter(before, text)
      if (!actsFirst) {
        await late.settle()
        await write()
      } else demandMandate()
      this.#revision = revision
      const cut = await this.#act(text, memory)
      return { ...changes, revision, cut, stored: !actsFirst || (await late.store('the rules', write)) }
    })
  }

  /** Of what is new: who has read a warning need not read it again with each change. */
  #warningsOf(before: RuleText, { rules, tests, ids }: RuleText): string[] {
    const old = new Set(before.ids)
    const added = rules.filter((_, i) => !old.has(ids[i]))
    return unknownSubjects([...added, ...tests], this.#options.members.indexOf)
  }

  /** Resolves to how many live sessions it ended. */
  async #act(text: RuleText, memory: RuleMemory): Promise<number> {
    const old = this.#inForce.memory
    this.#inForce = { text, memory }
    this.membersChanged()
    const ended = await this.#options.engine.order('judge', memory)
    this.#counts.keep(old, memory)
    this.#awaitEnd()
    return ended.length
  }

  #compile(text: RuleText): Promise<RuleMemory> {
    return compiled(text, this.#options, this.#options.engine.tables.length)
  }

  async #checkTests({ tests }: RuleText, { rules }: RuleMemory): Promise<void> {
    let tried = 0
    for (const { line, resolve } of tests) {
      if (resolve.length > mostResolved)
        throw refusal(line, 1, `a test has at most ${mostResolved} addresses behind resolving: leave the others out`)
      tried += 1 + resolve.length
      if (tried > mostTried)
        throw refusal(line, 1, `up to here the tests are of more than ${mostTried} addresses: leave some out`)
    }
    await inSlices(tests, (test) => {
      const destination = requested(test.host, test.port)
      if (!destination) throw refusal(test.line, 1, cannotBeAsked(test.host))
      const phases = tryOut(
        rules,
        { ...test, destination },
        { members: this.#options.members, own: this.#options.own() },
      )
      if (isAllowed(phases) === test.allow) return
      const decided = phases.find(({ decision }) => decision < 0) ?? phases.at(-1)
      const id = decided && new RuleSet(rules).idOf(Math.abs(decided.decision))
      const why = id ? ` by rule ${id}` : ''
      throw refusal(test.line, 1, `this test expects ${word(test.allow)}, but it is ${word(!test.allow)}${why}`)
    })
  }

  /** Whoever is let in, or kept out, by a rule that ends is judged anew when it does. */
  #awaitEnd(): void {
    clearTimeout(this.#timer)
    const now = Date.now()
    const ends = this.#inForce.text.rules.flatMap(({ until = 0 }) => (until > now ? until : []))
    if (ends.length === 0) return
    const next = Math.min(...ends)
    const look = () => {
      if (Date.now() >= next) void this.#turns.take(() => this.#options.engine.order('judge', this.#inForce.memory))
      this.#awaitEnd()
    }
    this.#timer = setTimeout(look, Math.min(next - now, longestWait)).unref()
  }
}

/** The rules as the daemon starts with them. */
export interface PreparedRules {
  readonly revision: number
  readonly text: RuleText
  readonly memory: RuleMemory
}

/**
 * What was kept, compiled for so many loops. Throws a Refusal if it cannot be acted by:
 * to start without it would let clients where they must not.
 */
export async function prepareRules(
  store: Pick<Store, 'rules' | 'called' | 'fleet'>,
  { folder, members, warn }: Pick<LiveRulesOptions, 'folder' | 'members' | 'warn'>,
  loops: number,
): Promise<PreparedRules> {
  const stored = await storedText(store.rules, warn).catch((error: unknown) => {
    if (!(error instanceof Refusal) || error instanceof StoreError) throw error
    const mend = store.fleet ? 'restore a backup' : 'restore a backup, or have proxyd --recover-store save all but them'
    throw new StoreError('corrupt', `the rules in ${store.called} are damaged (${error.message}): ${mend}`)
  })
  return { ...stored, memory: await compiled(stored.text, { folder, members }, loops) }
}

async function storedText(
  store: RuleStore,
  warn: (message: string) => void,
): Promise<Pick<PreparedRules, 'revision' | 'text'>> {
  const stored = await store.load()
  const text = await understood(async () => (stored ? restoreText(stored) : noRules))
  if (stored && text.nextId !== stored.nextId)
    warn(`the numbers of the stored rules are damaged, and given anew: see 'rules' for those that they have now`)
  return { revision: stored?.revision ?? 0, text }
}

async function compiled(
  { text, ids, rules }: RuleText,
  { folder, members }: Pick<LiveRulesOptions, 'folder' | 'members'>,
  loops: number,
): Promise<RuleMemory> {
  const memory = await compileAside({ text, ids, folder })
  writeSubjects(memory, rules, members.indexOf)
  return { rules: memory, hits: RuleHits.memory(new RuleSet(memory), loops), via: viaOf(rules, ids) }
}

/** By id. */
function viaOf(rules: RuleText['rules'], ids: RuleText['ids']): RuleMemory['via'] {
  return new Map(rules.flatMap(({ via }, i) => (via.length > 0 ? [[ids[i] as number, via]] : [])))
}

async function understood<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof RuleSyntaxError)) throw error
    const { line, column, message } = error
    throw new Refusal('invalid', message, { line, column })
  }
}

/** Whom a change is about, so that its tests and warnings are about them: the first of very many. */
function newUsersIn(before: RuleText, { rules, tests, ids }: RuleText): Set<string> {
  const old = new Set(before.ids)
  const lines = [...tests, ...rules.filter((_, i) => !old.has(ids[i] as number))]
  return new Set(lines.flatMap(({ who }) => (who.kind === 'user' ? who.name : [])).slice(0, mostBrought))
}

function refusal(line: number, column: number, message: string): Refusal {
  return new Refusal('invalid', `line ${line}, column ${column}: ${message}`, { line, column })
}

function cannotBeAsked(host: string): string {
  return `${JSON.stringify(host)} is no name or address that a client can ask for`
}

function word(allow: boolean): string {
  return allow ? 'allowed' : 'denied'
}

function told(before: RuleText, after: RuleText) {
  const { added, removed, reordered } = difference(before, after)
  return { added: added.slice(0, mostTold), removed: removed.slice(0, mostTold), reordered }
}

/** A line that is to be a rule among others. */
async function oneRule(line: string): Promise<string> {
  const read = line.includes('\n') ? undefined : await understood(async () => parseRuleLine(line, 1, true))
  if (!read) throw new Refusal('invalid', 'this is not one rule')
  return line
}

function placeIn({ rules, ids }: RuleText, id: number) {
  const rule = rules[ids.indexOf(id)]
  if (!rule) throw new Refusal('not_found', `there is no rule ${id}`)
  return { rule }
}
