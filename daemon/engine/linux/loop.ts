// The global of that name is a getter.
import { performance } from 'node:perf_hooks'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { shrinkHeap } from '../../heap.ts'
import { EPOLLIN, Epoll } from '../../os/epoll.ts'
import { clearEvent } from '../../os/event.ts'
import { PipePool } from '../../os/pipe-pool.ts'
import { isOurs } from '../../os/udp.ts'
import { standstill } from '../../running-time.ts'
import type { Editor, Limit } from '../../socks/conversation.ts'
import { Command } from '../../socks/messages.ts'
import type { RuleMemory, Tuning } from '../engine.ts'
import { forwarded, Reason, SessionTable, State } from '../session-table.ts'
import { BannedSources } from '../shared/banned-sources.ts'
import { Budget } from '../shared/budget.ts'
import { EgressAddresses } from '../shared/egress-addresses.ts'
import { KnownSources } from '../shared/known-sources.ts'
import { LimitLines } from '../shared/limit-lines.ts'
import { LongHeads } from '../shared/long-heads.ts'
import { changeWays, ownPolicy } from '../shared/own-policy.ts'
import { PasswordMemory } from '../shared/password-memory.ts'
import { isWithin, Places } from '../shared/places.ts'
import { Quotas } from '../shared/quotas.ts'
import { RelayPorts } from '../shared/relay-ports.ts'
import { Shares } from '../shared/shares.ts'
import { SourceLines } from '../shared/source-lines.ts'
import { Verdicts } from '../shared/verdicts.ts'
import { TurnRecord } from '../turn-record.ts'
import { Acceptor, type Room } from './acceptor.ts'
import { Admitter } from './admitter.ts'
import { Associations } from './association.ts'
import { Associator } from './associator.ts'
import { Binder } from './binder.ts'
import type { LoopContext } from './context.ts'
import { DatagramRelay } from './datagram-relay.ts'
import { Dialer } from './dialer.ts'
import { Dispatch } from './dispatch.ts'
import { Extras, firstExtraKey } from './extras.ts'
import { HeldBytes } from './held-bytes.ts'
import type { LoopMessage, LoopOptions, LoopOrders, MainMessage, Order } from './loop-messages.ts'
import { Names } from './names.ts'
import { Negotiator } from './negotiator.ts'
import { OpenDescriptors } from './open-descriptors.ts'
import { Pacer } from './pacer.ts'
import { Refusals } from './refusals.ts'
import { Relay } from './relay.ts'
import { Replies } from './replies.ts'
import { Review } from './review.ts'
import { Sessions } from './sessions.ts'
import { sharedCountsIn } from './shared-counts.ts'
import { TimerWheel } from './timer-wheel.ts'

/** Events taken from the kernel at once. */
const eventCapacity = 512
/**
 * Set-ups served, and clients taken, between two looks at the events. While somebody talks it is one, and one more for as many
 * events as a look brought, lest newcomers wait for ever where many talk.
 */
const mostNewcomers = 4
const eventsANewcomer = 16
/**
 * What those who talk say in a row before the others have their turn. Whom they talk to is often woken on the loop's own
 * processor, and has answered by the time the loop goes on: that is found by a look, and need not wait for bulk or set-ups. Five
 * are two questions and answers, and a half, so that more than half of all go by without any of these.
 */
const mostTalk = 5
/** Pipes at once, and idle ones kept. An unprivileged user may have 64 MiB of them (pipe(7)); beyond it we copy. */
const pipes = { most: 32, keep: 4 }

/**
 * One loop of the Linux engine: waits in epoll_wait, hands each event to the stage its session is in, gives everybody
 * with more to do a turn, and looks at the deadlines. Open sessions come first: a crowd of new clients takes its turns
 * between them.
 */
export class Loop {
  readonly #clock = { now: performance.now() }
  readonly #epoll = new Epoll(eventCapacity)
  readonly #pipes: PipePool
  readonly #passwords = new PasswordMemory()
  readonly #options: LoopOptions
  readonly #wheel: TimerWheel
  readonly #sessions: Sessions
  readonly #context: LoopContext
  readonly #relay: Relay
  readonly #pacer: Pacer
  readonly #quotas: Quotas
  readonly #datagrams: DatagramRelay
  readonly #dispatch: Dispatch
  readonly #review: Review
  readonly #acceptor: Acceptor
  readonly #room: Room
  readonly #turns: TurnRecord
  readonly #limitLines: LimitLines
  #rules: RuleMemory
  /** Keys below are halves; this one tells of messages, and the listeners' follow. */
  readonly #messageKey: number
  /** The orders to confirm when the last session has ended. */
  readonly #drainTickets: number[] = []
  #stopped = false
  /** Events of those who talk since the others had their turn. */
  #talkInARow = 0
  /** What is done about each, and the serials of the sessions that it ends. */
  readonly #orders: { readonly [Kind in keyof LoopOrders]: (value: LoopOrders[Kind]) => readonly number[] } = {
    apply: (change) => {
      this.#context.policy = { ...this.#context.policy, ...change }
      this.#context.verdicts = this.#verdicts()
      return []
    },
    ways: (change) => {
      changeWays(this.#context.policy, change)
      this.#context.verdicts = this.#verdicts()
      return change.sources ? this.#end(Reason.sources, (slot) => !this.#mayComeFromThere(slot)) : []
    },
    judge: (memory) => {
      this.#rules = memory
      this.#context.verdicts = this.#verdicts()
      return []
    },
    tune: (tuning) => this.#tune(tuning),
    userChanged: ({ user, revision, cut, passwordRequired }) => {
      this.#passwords.userChanged(user, revision)
      this.#context.policy = { ...this.#context.policy, passwordRequired }
      return cut ? this.#end(Reason.cut, (slot) => this.#sessions.table.user[slot] === user) : []
    },
    limit: () => this.#relimit(),
    kill: (serials) => {
      const wanted = new Set(serials)
      return this.#end(Reason.cut, (slot) => wanted.has(this.#sessions.table.serial[slot]))
    },
    shrink: () => {
      if (this.#sessions.live === 0) shrinkHeap()
      return []
    },
    accept: () => {
      this.#acceptor.open()
      return []
    },
    drain: () => {
      this.#acceptor.takeLast()
      this.#acceptor.close()
      return []
    },
    undrain: (listeners) => {
      this.#acceptor.reopen(listeners)
      this.#confirmDrains()
      return []
    },
    stop: () => {
      this.#stopped = true
      return []
    },
  }

  constructor(options: LoopOptions) {
    this.#options = options
    const { capacity, index, count, listeners, timeouts, liveness, own } = options
    const policy = ownPolicy(options.policy)
    const { liveSessions, shortLoops, extras: extraCount, binds } = sharedCountsIn(options.counts, index)
    const table = new SessionTable(capacity, options.table)
    const [clock, epoll] = [this.#clock, this.#epoll]
    const post = (message: LoopMessage) => options.port.postMessage(message)
    const openDescriptors = new OpenDescriptors(own.openDescriptors)
    openDescriptors.add(epoll.fd)
    this.#pipes = new PipePool(options.splices ? pipes.most : 0, pipes.keep, openDescriptors)

    const wheel = new TimerWheel(capacity, clock.now)
    const extras = new Extras(epoll, { count: extraCount, most: options.maxExtras, loops: count }, openDescriptors)
    const fd = new Int32Array(own.sockets)
    const limitLines = new LimitLines(options.limitLines)
    const sourceLines = new SourceLines(options.sourceLines, index)
    const quotas = new Quotas(limitLines)
    this.#room = {
      live: liveSessions,
      most: options.maxSessions,
      shortLoops,
      binds,
      mostBinds: options.maxBinds,
      loops: count,
    }
    const places = new Places(capacity, this.#room, limitLines, sourceLines, own.places)
    if (options.replaces) places.adopt()
    const sessions = new Sessions(table, { fd, clock, wheel, extras, places, quotas }, liveSessions, count)
    const names = new Names(sessions, clock, post)
    const replies = new Replies(sessions)
    const longHeads = new LongHeads()
    const bounds = new Map<number, Limit>()
    const editors = new Map<number, Editor>()
    const refusals = new Refusals(sessions, replies)
    this.#rules = options.rules
    this.#sessions = sessions
    this.#limitLines = limitLines
    const verdicts = this.#verdicts(policy)
    const context = {
      sessions,
      epoll,
      openDescriptors,
      clock,
      names,
      replies,
      refusals,
      limitLines,
      egress: new EgressAddresses((message) => post({ type: 'warn', message })),
      longHeads,
      bounds,
      editors,
      post,
      timeouts,
      liveness,
      policy,
      verdicts,
    }

    const pacer = new Pacer(sessions, clock, new Budget(limitLines, sourceLines, own.waiting))
    const relay = new Relay(context, this.#pipes, new HeldBytes(this.#pipes, table), pacer)
    const dialer = new Dialer(context, relay)
    const binder = new Binder(context, relay)
    const associations = new Associations(new Shares(count), new RelayPorts(options.relayPorts, isOurs, own.relayPorts))
    const datagrams = new DatagramRelay(context, associations, pacer)
    const associator = new Associator(context, associations, datagrams)
    const admitter = new Admitter(context, {
      [Command.connect]: dialer,
      [Command.bind]: binder,
      [Command.udpAssociate]: associator,
      [forwarded]: dialer,
    })
    const negotiator = new Negotiator(context, this.#passwords, new KnownSources(options.known), admitter)

    this.#wheel = wheel
    this.#context = context
    this.#relay = relay
    this.#pacer = pacer
    this.#quotas = quotas
    this.#datagrams = datagrams
    this.#dispatch = new Dispatch(sessions, { negotiator, dialer, binder, associator, relay, refusals }, context)
    this.#review = new Review(context, this.#dispatch)
    this.#turns = new TurnRecord(table.turns)
    this.#messageKey = capacity * 2
    const banned = new BannedSources(options.banned)
    const doors = { listeners, firstKey: this.#messageKey + 1, banned, balancers: options.balancers }
    this.#acceptor = new Acceptor(context, this.#room, doors, { negotiator, admitter })
    epoll.add(options.event, EPOLLIN, this.#messageKey, 0)
    if (options.replaces) this.#acceptor.open()
  }

  /** Run until the order to stop; gives back all it has. */
  run(): void {
    const onDeadline = (slot: number) => this.#dispatch.onDeadline(slot)
    for (let now = this.#clock.now; !this.#stopped; now = this.#endTurn()) {
      const timeout = this.#isBusy() ? 0 : this.#longestWait(now)
      const count = timeout > 0 && this.#datagrams.isHot ? this.#epoll.waitAMoment() : this.#epoll.wait(timeout)
      this.#beginTurn(timeout === 0 ? now : performance.now())
      const talk = this.#relay.isTalking ? this.#serveTalk(count) : 0
      for (let i = 0; i < count; i++) this.#serve(i)
      this.#talkInARow += talk
      if (talk > 0 && this.#talkInARow < mostTalk && this.#isBusy()) continue
      this.#talkInARow = 0
      this.#pacer.advance()
      if (this.#datagrams.isHot) this.#datagrams.lookAtHot()
      if (this.#datagrams.busy) this.#datagrams.takeTurn()
      if (this.#relay.busy) this.#relay.takeTurn()
      const newcomers = this.#relay.isTalking
        ? Math.min(mostNewcomers, 1 + Math.floor(count / eventsANewcomer))
        : mostNewcomers
      this.#dispatch.takeTurn(newcomers)
      if (this.#quotas.wasUsedUp()) this.#relimit()
      if (this.#review.busy) this.#review.takeTurn(this.#confirm)
      this.#context.names.sweep()
      this.#sessions.places.sweep(this.#clock.now)
      this.#wheel.advance(this.#clock.now, onDeadline)
      this.#acceptor.takeTurn(newcomers)
      if (this.#sessions.live === 0 && this.#acceptor.isEmpty) this.#confirmDrains()
    }
    this.#acceptor.close()
    this.#acceptor.turnAway()
    this.#end(Reason.ended, () => true)
    this.#pipes.close()
    this.#context.openDescriptors.delete(this.#epoll.fd)
    this.#epoll.close()
  }

  // Methods: V8 calls its runtime for each look at a private getter.
  #isBusy(): boolean {
    return this.#relay.busy || this.#dispatch.busy || this.#datagrams.busy || this.#review.busy
  }

  #longestWait(now: number): number {
    return Math.min(this.#wheel.untilNext(now), this.#pacer.untilNext(now), this.#acceptor.untilNext())
  }

  #beginTurn(now: number): void {
    const gap = now - this.#clock.now
    if (gap > standstill) this.#stoodStill(gap)
    this.#clock.now = now
    this.#turns.began(now)
  }

  /** A process that was stopped finds epoll_wait(2) interrupted, and would judge who was silent before it has read. */
  #stoodStill(milliseconds: number): void {
    this.#sessions.stoodStill(milliseconds)
    this.#acceptor.stoodStill(milliseconds)
  }

  /** Returns the time, on the loop's clock. */
  #endTurn(): number {
    const now = performance.now()
    this.#turns.took(now - this.#clock.now)
    return now
  }

  /** Those who talk go first. Returns how many events of theirs there were. */
  #serveTalk(count: number): number {
    let talk = 0
    for (let i = 0; i < count; i++) {
      if (!this.#dispatch.isTalk(this.#epoll.key(i))) continue
      this.#serve(i)
      this.#epoll.drop(i)
      talk++
    }
    return talk
  }

  #serve(i: number): void {
    const events = this.#epoll.events(i)
    if (events === 0) return
    const key = this.#epoll.key(i)
    const generation = this.#epoll.generation(i)
    if (key > this.#messageKey && key < firstExtraKey) this.#acceptor.onEvent(key)
    else if (key === this.#messageKey) this.#readMessages()
    else this.#dispatch.onEvent(key, generation, events)
  }

  #readMessages(): void {
    clearEvent(this.#options.event)
    for (const message of messagesOf(this.#options.port)) {
      switch (message.type) {
        case 'order':
          this.#obey(message.ticket, message.order)
          break
        case 'resolved': {
          const addresses = message.found && this.#context.names.learn(message.name, message.found)
          this.#dispatch.asked(message)?.onName?.(message.slot, message.name, addresses)
          break
        }
        case 'authenticated':
          this.#dispatch.asked(message)?.onLogin?.(message.slot, message.admission)
      }
    }
  }

  #obey(ticket: number, { kind, value }: Order): void {
    const carryOut = this.#orders[kind] as (value: unknown) => readonly number[]
    const ended = carryOut(value)
    if (kind === 'drain') this.#drainTickets.push(ticket)
    else if (kind === 'judge') this.#review.begin(ticket)
    else this.#confirm(ticket, ended)
  }

  /** Sessions that relay may have a far deadline, or be overdue by the new times. */
  #tune({ maxSessions, timeouts, liveness }: Tuning): readonly number[] {
    this.#room.most = Math.min(maxSessions, this.#sessions.table.capacity)
    this.#context.timeouts = timeouts
    this.#context.liveness = liveness
    this.#acceptor.watchOver(liveness)
    for (const slot of this.#sessions.slots())
      if (this.#sessions.table.state[slot] === State.open) this.#dispatch.onDeadline(slot)
    return []
  }

  /** Live sessions obey the limits of now, and those that may not be here any more end. */
  #relimit(): number[] {
    const { table, places } = this.#sessions
    for (const slot of this.#sessions.slots()) {
      places.limitsChanged(slot, table.clientAddress, this.#clock.now)
      if (table.state[slot] === State.open) this.#pacer.watch(slot)
    }
    return this.#endEach((slot) => this.#limitLines.barred(table.user[slot]))
  }

  #mayComeFromThere(slot: number): boolean {
    const { table } = this.#sessions
    return isWithin(this.#context.policy.sources.get(table.user[slot]), table.clientAddress, slot)
  }

  /** Reset the sessions that match; returns their serials. */
  #end(reason: Reason, matches: (slot: number) => boolean): number[] {
    return this.#endEach((slot) => (matches(slot) ? reason : undefined))
  }

  /** Reset the sessions for which there is a reason; returns their serials. */
  #endEach(reasonOf: (slot: number) => Reason | undefined): number[] {
    const ended: number[] = []
    for (const slot of this.#sessions.slots()) {
      const reason = reasonOf(slot)
      if (reason === undefined) continue
      const { table } = this.#sessions
      ended.push(table.serial[slot])
      this.#sessions.reset(slot, table.whyBrokenOff(slot, reason))
    }
    return ended
  }

  #confirmDrains(): void {
    for (const ticket of this.#drainTickets.splice(0)) this.#confirm(ticket, [])
  }

  readonly #confirm = (ticket: number, serials: readonly number[]): void => {
    this.#options.port.postMessage({ type: 'done', ticket, serials } satisfies LoopMessage)
  }

  /** By the rules of now; clients are led nowhere that proxyd itself listens. */
  #verdicts({ forbidden, egress } = this.#context.policy): Verdicts {
    const own = [...forbidden, ...this.#options.listening]
    const { table, places } = this.#sessions
    const groupOf = (user: number) => this.#limitLines.groupOf(user)
    const forbid = (slot: number, rule: number) => places.forbid(slot, rule)
    return new Verdicts({ table, groupOf, loop: this.#options.index, own, isOurs, memory: this.#rules, egress, forbid })
  }
}

function* messagesOf(port: MessagePort): Generator<MainMessage> {
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) yield next.message
}
