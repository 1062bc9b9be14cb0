import { type Command, lineOf } from '../../../shared/commands/parse.ts'
import { UsageError } from '../../../shared/commands/usage.ts'
import type { Call, Outcome } from '../../../shared/commands/verb.ts'
import { findVerb } from '../../../shared/commands/verbs.ts'
import { type ErrorKind, RpcError } from '../../../shared/protocol/errors.ts'
import type { AuditEntry, EventEntry, WatchNotice } from '../../../shared/protocol/methods.ts'
import {
  type Client,
  type Connection,
  type ConnectionChange,
  ConnectionError,
  type DaemonLink,
  followConnections,
  type LinkState,
} from '../../client/index.ts'
import { withMend } from '../../exec/failure.ts'
import { onlyLook } from '../../exec/only-look.ts'
import { overlayOf } from '../state/dialogs.ts'
import { callOf, type Form, type Told } from '../state/forms.ts'
import { canFollow } from '../state/gaps.ts'
import type { GraphWish } from '../state/graph.ts'
import { areEventsWanted, closedWanted, isLogWanted } from '../state/layout.ts'
import type { Link } from '../state/link.ts'
import { listPage } from '../state/pages.ts'
import { suffices } from '../state/rights.ts'
import type { DaemonState, DataEvent, Status } from '../state/state.ts'
import { minuteOfSamples } from '../state/traffic.ts'
import type { Store } from '../store/store.ts'
import { AccessWatch } from './access-watch.ts'
import { carryOut, decidingRules, dryRunOf, outcomeLines, perform, type Results } from './carry-out.ts'
import { ConnectionQuestions, type Wanted } from './connection-questions.ts'
import { EntryWatch } from './entry-watch.ts'
import { GraphWatch } from './graph-watch.ts'
import { inTime } from './in-time.ts'
import { LogWatch } from './log-watch.ts'
import { auditFeed, banWatch, eventFeed, hearWatches } from './management-feeds.ts'
import { askForPage, askForRules } from './page-questions.ts'
import { TableWatch } from './table-watch.ts'
import { TrialWatch } from './trial-watch.ts'
import { UserWatch } from './user-watch.ts'

/** Milliseconds between looks at the status, which others change too. */
const asking = 2000

/** What a call came to, in words, and the password that was made. */
type Performed = { readonly done: true; readonly text: string; readonly secret: Outcome['secret'] } | Failed

type Attempt<T> = { readonly done: true; readonly value: T } | Failed

/** Why it was not done; `kind` if the daemon refused. */
interface Failed {
  readonly done: false
  readonly text: string
  readonly kind: ErrorKind | null
}

/** A daemon as the app knows it: what it tells goes into the store, and it is asked to do things. */
export class Daemon {
  readonly #link: DaemonLink
  readonly #store: Store
  /** Which of the store's daemons it is. */
  readonly #at: number
  readonly #timer: NodeJS.Timeout
  /** The look under way, and whether something has happened since its question was asked. */
  #looking: Promise<void> | null = null
  #outdated = false
  /** Whether the users are listed with the next look. */
  #listsUsers = false
  readonly #connections: TableWatch<Connection, ConnectionChange>
  readonly #users: UserWatch
  readonly #questions: ConnectionQuestions
  readonly #log: LogWatch
  readonly #access: AccessWatch
  readonly #events: EntryWatch<EventEntry>
  readonly #audit: EntryWatch<AuditEntry>
  readonly #bans: ReturnType<typeof banWatch>
  readonly #graph: GraphWatch
  readonly #trials: TrialWatch
  readonly #stopWatching: () => void
  readonly #readOnly: boolean
  /** What was warned of when something was asked about last. */
  #foreseen: ReadonlySet<string> = new Set()
  /** The connection whose rights are settled. */
  #begun: Client | null = null
  /** The start of the daemon whose status was read last. */
  #served: string | null = null
  /** The connection whose samples are followed. */
  #sampled: Client | null = null

  /** `at`: which of the store's daemons it is; `readOnly`: give up the right to change anything, at each login. */
  constructor(link: DaemonLink, store: Store, at: number, readOnly: boolean) {
    this.#link = link
    this.#store = store
    this.#at = at
    this.#readOnly = readOnly
    this.#timer = setInterval(() => this.#poll(), asking)
    const failed = (error: unknown) => this.#judge(error)
    this.#connections = new TableWatch(followConnections, {
      snapshot: (rows) => this.#feed({ type: 'snapshot', rows, at: Date.now() }),
      changed: (changes) => this.#feed({ type: 'changed', changes, at: Date.now() }),
      failed,
    })
    this.#users = new UserWatch(this.#feed, {
      known: (names) => {
        const user = store.state.overview.whose?.user ?? null
        if (user !== null && !names.has(user)) this.#leaveGraphOf(user)
      },
      gone: (name) => this.#leaveGraphOf(name),
      // Whether a password is required may depend on who there is.
      changed: () => void this.look(),
      failed,
    })
    this.#questions = new ConnectionQuestions(this.#feed, failed)
    this.#log = new LogWatch(this.#feed, failed)
    this.#access = new AccessWatch(this.#feed, failed)
    this.#events = new EntryWatch(eventFeed(this.#feed), failed)
    this.#audit = new EntryWatch(auditFeed(this.#feed), failed)
    this.#bans = banWatch(this.#feed, failed)
    this.#graph = new GraphWatch(this.#feed, ({ whose }) => whose && this.#leaveGraphOf(whose.user), failed)
    this.#trials = new TrialWatch(
      (form) => this.#try(form),
      (told) => store.dispatch({ type: 'dialog', event: { do: 'tell', told } }),
    )
    this.#stopWatching = store.subscribe(() => this.#settle())
    link.subscribe((state) => this.#follow(state))
    this.#follow(link.state)
  }

  /**
   * Do what a key or a form asks for; what it changed is in the store by then. `password`: what was typed as the new one.
   * Rejects for faults of ours only.
   */
  async perform(what: Call, password?: string): Promise<Performed> {
    const attempt = await this.#attempt((call) => perform(what, call, password))
    this.#remember(what, attempt.done)
    await this.#lookAtAll()
    if (!attempt.done) return attempt
    const { told, view, secret, warnings = [] } = attempt.value
    const deed = told ?? (typeof view === 'string' ? view : 'done')
    // What was warned of beforehand was part of the question.
    const text = [deed, ...warnings.filter((warning) => !this.#foreseen.has(warning))].join('; ')
    return { done: true, text: text + this.#rememberUndo(attempt.value), secret }
  }

  /** Carry out commands; what they changed is in the store by then. Rejects for faults of ours only. */
  async carryOut(commands: readonly Command[]): Promise<Results> {
    const attempt = await this.#attempt((call) => {
      const deed = () => carryOut(commands, call)
      return commands.some(({ name }) => name === 'log') ? this.#log.aside(deed) : deed()
    })
    const results = attempt.done ? attempt.value : { outcomes: [], problem: attempt.text }
    for (const { call } of commands.slice(0, results.outcomes.length)) this.#remember(call, true)
    if (commands.some(({ verb }) => verb.role !== undefined)) this.#rememberUndo(results.outcomes.at(-1))
    await this.#lookAtAll()
    return results
  }

  /** What the daemon warns of, or why it would refuse a call that has a dry run. Rejects for faults of ours only. */
  async foresee(what: Call): Promise<Attempt<readonly string[]>> {
    const attempt = await this.#attempt((call) => perform(dryRunOf(what), call))
    if (attempt.done) {
      const { costs = [], warnings = [] } = attempt.value
      this.#foreseen = new Set(warnings)
      return { done: true, value: [...costs, ...warnings] }
    }
    await this.look()
    return attempt
  }

  /** Look at the status, and at what the page shows. Resolves once the store has it as it was at the call, or later. */
  look(): Promise<void> {
    this.#outdated = true
    this.#looking ??= this.#lookUntilCurrent()
    return this.#looking
  }

  /** Connect now instead of later. */
  reconnect(): void {
    this.#link.retry()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#questions.settle(null, { id: null, closed: 0 })
    this.#stopWatching()
    this.#link.stop()
  }

  /** It tells something. */
  readonly #feed = (event: DataEvent): void => this.#store.feed(this.#at, event)

  /** What the store knows of it. */
  get #known(): DaemonState {
    const { daemons } = this.#store.state
    return daemons[this.#at] as DaemonState
  }

  get #isShown(): boolean {
    return this.#store.state.current === this.#at
  }

  #follow(state: LinkState): void {
    this.#feed({ type: 'link', link: this.#linkOf(state) })
    if (state.status === 'online') this.#ask((client) => this.#begin(client))
  }

  /** For whoever wants to see, or do again, what a key has done. */
  #remember(call: Call, done: boolean): void {
    if (findVerb(call.verb).confidential) return
    const command = { line: lineOf(call), place: this.#known.place, at: Date.now(), done }
    this.#store.dispatch({ type: 'done', command })
  }

  /** What to tell of it. */
  #rememberUndo(outcome: Outcome | undefined): string {
    const call = outcome?.undo
    this.#store.dispatch({ type: 'undo', undo: call ? { call, of: this.#at } : null })
    return call ? '; u undoes' : ''
  }

  async #attempt<T>(deed: (call: Client['call']) => Promise<T>): Promise<Attempt<T>> {
    const { state } = this.#link
    if (state.status !== 'online') return { done: false, text: 'not connected, so nothing was done', kind: null }
    try {
      return { done: true, value: await deed(state.client.call) }
    } catch (error) {
      if (error instanceof UsageError) return { done: false, text: error.message, kind: null }
      if (error instanceof RpcError) {
        const release = error.kind === 'method_not_found' ? '; the daemon is older than this app' : ''
        return { done: false, text: `refused: ${error.message}${release}`, kind: error.kind }
      }
      if (!(error instanceof ConnectionError)) throw error
      if (error.code === 'malformed')
        return { done: false, text: `${error.message}; so it may have been done or not`, kind: null }
      return { done: false, text: 'the connection was lost, so it may have been done or not', kind: null }
    }
  }

  /** Its connections are followed while it is shown, and the log while some of it is, by whoever may see them. */
  #settle(): void {
    const { state } = this.#link
    const client = state.status === 'online' && this.#begun === state.client && this.#isShown ? state.client : null
    const watching = client && this.#mayWatch(client) ? client : null
    const { gaps } = this.#known
    // A table whose changes are not understood would be asked for anew with each of them.
    this.#connections.settle(canFollow(gaps, 'connections') ? watching : null)
    this.#users.settle(canFollow(gaps, 'users') ? watching : null)
    const graph = this.#wantedGraph
    if (graph) this.#graph.settle(client && this.#sampled === client ? client : null, graph)
    this.#questions.settle(watching, this.#wantedOfConnections)
    this.#trials.settle(client ? this.#triedForm : null)
    this.#access.settle(listPage(this.#store.state) === 'access' ? watching : null, this.#store.state.lists.access)
    const list = listPage(this.#store.state)
    this.#events.settle(areEventsWanted(this.#store.state) ? watching : null)
    this.#audit.settle(list === 'audit' && client && suffices(client.role, 'admin') ? client : null)
    this.#bans.settle(list === 'bans' && canFollow(gaps, 'bans') ? watching : null)
    this.#log.settle(isLogWanted(this.#store.state) ? watching : null, this.#known.log.level)
  }

  /** The graph that is shown; null: none is. */
  get #wantedGraph(): GraphWish | null {
    const { dialog, page, overview } = this.#store.state
    const overlay = overlayOf(dialog)
    if (overlay?.kind === 'user') return { range: overlay.range, whose: { user: overlay.name } }
    return page === 'overview' ? overview : null
  }

  /** The detail of one, and those that ended, while they are shown. */
  get #wantedOfConnections(): Wanted {
    const { state } = this.#store
    const overlay = overlayOf(state.dialog)
    return { id: overlay?.kind === 'detail' ? overlay.id : null, closed: closedWanted(state) }
  }

  get #triedForm(): Form | null {
    const { dialog } = this.#store.state
    return dialog?.kind === 'form' && dialog.trial ? dialog : null
  }

  /** What the daemon says beforehand to what is typed. */
  async #try(form: Form): Promise<Omit<Told, 'of'>> {
    const own = callOf(form)
    const outcomes: Outcome[] = []
    let problem: string | null = null
    for (const call of [form.trial?.beside, own && dryRunOf(own)]) {
      if (!call) continue
      const attempt = await this.#attempt((send) => perform(call, send))
      if (attempt.done) outcomes.push(attempt.value)
      else problem = attempt.text.replace(/^refused: /, '')
    }
    const lines = outcomes.flatMap(outcomeLines)
    return { lines, rules: outcomes.flatMap(decidingRules), problem }
  }

  async #begin(client: Client): Promise<void> {
    // In the daemon, which keeps to it whatever is wrong here.
    if (this.#readOnly) await onlyLook(client.call)
    this.#begun = client
    this.#settle()
    this.#ask((client) => this.#followMetrics(client))
    if (this.#mayWatch(client)) this.#ask((client) => hearWatches(client, this.#ring))
    await this.look()
  }

  /** A user is no more: if the overview showed their graph it shows everybody's. */
  #leaveGraphOf(user: string | null): void {
    const { whose } = this.#store.state.overview
    if (!this.#isShown || !whose || whose.user !== user) return
    this.#store.dispatch({ type: 'overview', event: { do: 'show', subject: null } })
    this.#store.announce('that user is gone; the graphs show everybody', 'bad')
  }

  /** A watch has something to tell, whatever is shown. */
  readonly #ring = ({ watch, state, text }: WatchNotice): void => {
    const where = this.#isShown ? '' : `${this.#known.place}: `
    this.#store.announce(`${where}watch ${watch}: ${text}`, state === 'over' ? 'good' : 'bad')
    if (state !== 'over') this.#store.dispatch({ type: 'ring' })
  }

  /** Whether connections and users are for us to see. */
  #mayWatch(client: Client): boolean {
    return suffices(client.role, 'operator')
  }

  async #followMetrics(client: Client): Promise<void> {
    client.on('metrics.sample', (sample) => {
      this.#feed({ type: 'sample', sample, at: Date.now() })
      this.#graph.sampled(client, sample)
    })
    const { samples } = await client.call('metrics.subscribe', { history: minuteOfSamples })
    this.#feed({ type: 'samples', samples, at: Date.now() })
    this.#sampled = client
    this.#settle()
  }

  /** At the users, too: what was done to them is not told at once. */
  #lookAtAll(): Promise<void> {
    this.#listsUsers = true
    return this.look()
  }

  async #lookUntilCurrent(): Promise<void> {
    while (this.#outdated) {
      this.#outdated = false
      const listsUsers = this.#listsUsers
      this.#listsUsers = false
      await this.#ask((client) => this.#readStatus(inTime(client), listsUsers))
      // A daemon of another release may tell one of these and not the other.
      if (this.#isShown) await Promise.all([this.#ask(this.#readPage), this.#ask(this.#readRules)])
    }
    this.#looking = null
  }

  /** The users and the status together, so that a page which shows both does not contradict itself. */
  async #readStatus(client: Client, listsUsers: boolean): Promise<void> {
    const { call } = client
    const users = listsUsers && this.#isShown && this.#mayWatch(client) ? this.#users.list(client) : null
    const [tellUsers, status] = await Promise.all([users, call('status.get', {})])
    tellUsers?.()
    this.#feed({ type: 'status', status })
    this.#tellOfAnother(status)
  }

  /** The daemon is not the one of before, and what it counts begins anew: say why. */
  #tellOfAnother({ instance, generation = 1, version, pid }: Status): void {
    const before = this.#served
    this.#served = instance
    if (before === null || before === instance) return
    const who = this.#isShown ? 'the daemon' : this.#known.place
    const what = generation > 1 ? 'has been upgraded, and live connections go on' : 'has been started anew'
    this.#store.announce(`${who} ${what}: proxyd ${version}, pid ${pid}`, 'good')
  }

  readonly #readPage = async (client: Client): Promise<void> => {
    this.#feed({ type: 'told', told: await askForPage(inTime(client), this.#store.state, client.role) })
  }

  readonly #readRules = async (client: Client): Promise<void> => {
    const rules = await askForRules(inTime(client), this.#store.state, client.role)
    if (rules) this.#feed({ type: 'rules', rules })
  }

  /** A daemon slower than the clock is not asked more than it answers. */
  #poll(): void {
    if (!this.#looking) this.look()
  }

  /** Ask the daemon something, if there is one. */
  async #ask(question: (client: Client) => Promise<void>): Promise<void> {
    const { state } = this.#link
    if (state.status !== 'online') return
    try {
      await question(state.client)
    } catch (error) {
      this.#judge(error)
    }
  }

  /**
   * A refusal is told; of a lost connection the link tells, of what makes no sense the judge; anything else is a fault of ours.
   * What the app asks for by itself every daemon of its release has.
   */
  #judge(error: unknown): void {
    const who = this.#isShown ? 'the daemon' : this.#known.place
    if (error instanceof RpcError && (error.kind === 'method_not_found' || error.kind === 'invalid_params'))
      this.#feed({ type: 'gap', gap: { name: String(error.details.method), release: 'older' } })
    else if (error instanceof RpcError) this.#store.announce(`${who} refused: ${error.message}`, 'bad')
    else if (!(error instanceof ConnectionError)) throw error
  }

  #linkOf(state: LinkState): Link {
    const before = this.#known.link
    switch (state.status) {
      case 'connecting':
        return { state: 'connecting', reason: 'reason' in before ? before.reason : null }
      case 'online':
        return {
          state: 'online',
          instance: state.client.instance,
          role: state.client.role,
          readOnly: this.#readOnly,
        }
      case 'offline':
        return { state: 'offline', reason: withMend(state.reason), retryAt: state.retryAt }
      case 'refused':
        return { state: 'refused', reason: withMend(state.reason) }
    }
  }
}
