import { receiveMessageOnPort } from 'node:worker_threads'
import { EPOLLIN, Epoll } from '../../os/epoll.ts'
import { clearEvent } from '../../os/event.ts'
import { PipePool } from '../../os/pipe-pool.ts'
import { Command } from '../../socks/messages.ts'
import type { Liveness, Policy, Timeouts, Tuning } from '../engine.ts'
import { PasswordMemory } from '../password-memory.ts'
import { Reason, SessionTable, State } from '../session-table.ts'
import { TurnRecord } from '../turn-record.ts'
import { Acceptor, type Room } from './acceptor.ts'
import { Binder } from './binder.ts'
import { Dialer } from './dialer.ts'
import { EventQueue } from './event-queue.ts'
import { Extras, firstExtraKey } from './extras.ts'
import { Farewell } from './farewell.ts'
import type { LoopMail, LoopOptions, MainMail, Order } from './mail.ts'
import { Names } from './names.ts'
import { Negotiator } from './negotiator.ts'
import { Relay } from './relay.ts'
import { clientOf, Flag, isClient, Sessions, slotOf } from './sessions.ts'
import { TimerWheel } from './timer-wheel.ts'

/** Events taken from the kernel at once. */
const eventCapacity = 512
/** Events of sessions still being set up that are served between two looks at those of open ones. */
const setUpTurn = 4
/** Pipes at once, and idle ones kept. An unprivileged user may have 64 MiB of them (pipe(7)); beyond it we copy. */
const pipes = { most: 32, keep: 4 }

/**
 * One loop of the Linux engine: waits in epoll_wait, hands each event to the stage its session is in, gives everybody
 * with more to do a turn, and looks at the deadlines. Sessions go from acceptor to negotiator to dialer to relay. Those
 * that relay come first: a crowd of new clients takes its turns between them.
 */
export class Loop {
  readonly #clock = { now: performance.now(), wall: Date.now() }
  readonly #epoll = new Epoll(eventCapacity)
  readonly #pipes = new PipePool(pipes.most, pipes.keep)
  readonly #passwords = new PasswordMemory()
  readonly #wheel: TimerWheel
  readonly #sessions: Sessions
  readonly #relay: Relay
  readonly #farewell: Farewell
  readonly #names: Names
  readonly #dialer: Dialer
  readonly #binder: Binder
  readonly #negotiator: Negotiator
  readonly #acceptor: Acceptor
  readonly #options: LoopOptions
  /** All stages read this one object whenever they need a time, so they obey what is written into it. */
  readonly #timeouts: { -readonly [Name in keyof Timeouts]: number }
  readonly #room: Room
  /** Keys below are halves; this one is the mail's, and the listeners' follow. */
  readonly #mailKey: number
  /** The orders to confirm when the last session has ended. */
  readonly #drainTickets: number[] = []
  /** Events of sessions that do not relay yet. */
  readonly #setUps = new EventQueue()
  readonly #turns: TurnRecord
  #stopped = false

  constructor(options: LoopOptions) {
    this.#options = options
    const { capacity, index, count } = options
    const timeouts = { ...options.timeouts }
    const clock = this.#clock
    const epoll = this.#epoll
    const post = (mail: LoopMail) => options.port.postMessage(mail)
    const live = new Int32Array(options.live)
    this.#timeouts = timeouts
    this.#room = { live, most: options.maxSessions }

    const wheel = new TimerWheel(capacity, clock.now)
    const table = new SessionTable(capacity, options.table)
    const extras = new Extras(epoll, { count: live.subarray(2, 3), most: options.maxExtras })
    const serials = { first: index + 1, step: count }
    const sessions = new Sessions(table, { clock, wheel, pipes: this.#pipes, extras }, live, serials)
    const relay = new Relay(sessions, wheel, this.#pipes, timeouts, clock)
    const farewell = new Farewell(sessions, wheel, clock)
    const names = new Names(clock, post)
    const parts = { sessions, epoll, wheel, clock, relay, farewell, names }
    const dialer = new Dialer(parts, timeouts)
    const binder = new Binder(parts, timeouts)
    this.#turns = new TurnRecord(table.turns)
    this.#wheel = wheel
    this.#sessions = sessions
    this.#relay = relay
    this.#farewell = farewell
    this.#names = names
    this.#dialer = dialer
    this.#binder = binder
    this.#obeyPolicy(options.policy)
    this.#watchOver(options.liveness)
    const negotiator = new Negotiator({ sessions, dialer, binder, farewell, passwords: this.#passwords }, post)
    this.#negotiator = negotiator
    this.#mailKey = capacity * 2
    this.#acceptor = new Acceptor(
      { sessions, negotiator, dialer, epoll, wheel, clock },
      {
        policy: options.policy,
        room: this.#room,
        timeouts,
        listeners: options.listeners,
        firstKey: this.#mailKey + 1,
      },
      (message) => post({ type: 'warn', message }),
    )
    epoll.add(options.event, EPOLLIN, this.#mailKey, 0)
  }

  /** Run until the order to stop; gives back all it has. */
  run(): void {
    const onDeadline = (slot: number) => this.#onDeadline(slot)
    const onSetUp = (half: number, generation: number, events: number) => this.#onSetUp(half, generation, events)
    for (let now = this.#clock.now; !this.#stopped; now = this.#endTurn()) {
      const count = this.#epoll.wait(this.#isBusy ? 0 : this.#longestWait(now))
      this.#beginTurn()
      for (let i = 0; i < count; i++)
        this.#onEvent(this.#epoll.key(i), this.#epoll.generation(i), this.#epoll.events(i))
      if (this.#relay.busy) this.#relay.takeTurn()
      this.#setUps.take(setUpTurn, onSetUp)
      this.#wheel.advance(this.#clock.now, onDeadline)
      this.#acceptor.takeTurn()
      if (this.#sessions.live === 0) for (const ticket of this.#drainTickets.splice(0)) this.#confirm(ticket, [])
    }
    this.#acceptor.close()
    this.#end(Reason.ended, () => true)
    this.#pipes.close()
    this.#epoll.close()
  }

  get #isBusy(): boolean {
    return this.#relay.busy || this.#setUps.length > 0
  }

  #longestWait(now: number): number {
    return Math.min(this.#wheel.untilNext(now), this.#acceptor.untilNext())
  }

  #beginTurn(): void {
    this.#clock.now = performance.now()
    this.#clock.wall = Date.now()
    this.#turns.began(this.#clock.wall)
  }

  /** Returns the time, on the loop's clock. */
  #endTurn(): number {
    const now = performance.now()
    this.#turns.took(now - this.#clock.now)
    return now
  }

  #onEvent(key: number, generation: number, events: number): void {
    if (key >= firstExtraKey) return this.#setUps.add(key, generation, events)
    if (key > this.#mailKey) return this.#acceptor.onEvent(key)
    if (key === this.#mailKey) return this.#readMail()
    const slot = slotOf(key)
    if (!this.#sessions.isCurrent(slot, generation)) return
    if (this.#sessions.table.state[slot] === State.open) this.#relay.onEvent(key, events)
    else this.#setUps.add(key, generation, events)
  }

  #onSetUp(half: number, generation: number, events: number): void {
    if (half >= firstExtraKey) return this.#onExtra(half, generation, events)
    const slot = slotOf(half)
    if (!this.#sessions.isCurrent(slot, generation)) return
    switch (this.#sessions.table.state[slot]) {
      case State.open:
        return this.#relay.onEvent(half, events)
      case State.negotiating:
        return this.#negotiator.onEvent(slot, events)
      case State.closing:
        return this.#farewell.onEvent(slot, events)
      default:
        if (isClient(half)) return this.#stage(slot).onClientEvent(slot, events)
        return this.#dialer.onTargetEvent(slot, events)
    }
  }

  #onExtra(key: number, generation: number, events: number): void {
    const extra = this.#sessions.extras.find(key, generation)
    if (extra) this.#stage(extra.slot).onTargetEvent(extra.slot, events, extra.fd)
  }

  /** Who sees to what the client has asked for. */
  #stage(slot: number): Dialer | Binder {
    return this.#sessions.table.command[slot] === Command.bind ? this.#binder : this.#dialer
  }

  #onDeadline(slot: number): void {
    switch (this.#sessions.table.state[slot]) {
      case State.open:
        return this.#relay.onDeadline(slot)
      case State.resolving:
      case State.connecting:
      case State.listening:
        return this.#stage(slot).onDeadline(slot)
      case State.closing:
        return this.#sessions.close(slot, this.#sessions.table.whyBrokenOff(slot, Reason.failed))
      default: {
        // A client whose login is still being checked has asked in time.
        const asked = this.#sessions.flags[clientOf(slot)] & Flag.checking
        return this.#sessions.close(slot, asked ? Reason.failed : Reason.silent)
      }
    }
  }

  #readMail(): void {
    clearEvent(this.#options.event)
    for (
      let letter = receiveMessageOnPort(this.#options.port);
      letter;
      letter = receiveMessageOnPort(this.#options.port)
    ) {
      const mail: MainMail = letter.message
      if (mail.type === 'order') this.#obey(mail.ticket, mail.order)
      else if (mail.type === 'resolved') this.#resolved(mail.name, mail.addresses)
      else if (this.#sessions.isCurrent(mail.slot, mail.generation))
        this.#negotiator.authenticated(mail.slot, mail.user)
    }
  }

  #resolved(name: string, literals: readonly string[]): void {
    const { addresses, askers } = this.#names.learn(name, literals)
    for (const { slot, generation } of askers)
      if (this.#sessions.isCurrent(slot, generation)) this.#stage(slot).resolved(slot, addresses)
  }

  #obey(ticket: number, order: Order): void {
    switch (order.type) {
      case 'apply':
        this.#acceptor.policy = order.policy
        this.#obeyPolicy(order.policy)
        return this.#confirm(ticket, [])
      case 'tune':
        this.#tune(order.tuning)
        return this.#confirm(ticket, [])
      case 'userChanged':
        this.#passwords.forget(order.user)
        return this.#confirm(
          ticket,
          order.cut ? this.#end(Reason.cut, (slot) => this.#sessions.table.user[slot] === order.user) : [],
        )
      case 'kill': {
        const wanted = new Set(order.serials)
        return this.#confirm(
          ticket,
          this.#end(Reason.cut, (slot) => wanted.has(this.#sessions.table.serial[slot])),
        )
      }
      case 'drain':
        this.#acceptor.close()
        this.#drainTickets.push(ticket)
        return
      case 'stop':
        this.#stopped = true
        return this.#confirm(ticket, [])
    }
  }

  #obeyPolicy(policy: Policy): void {
    this.#dialer.obey(policy)
    this.#binder.obey(policy)
  }

  #watchOver(liveness: Liveness): void {
    this.#dialer.liveness = liveness
    this.#binder.liveness = liveness
  }

  /** Sessions that relay may have a far deadline, or be overdue by the new times. */
  #tune({ maxSessions, timeouts, liveness }: Tuning): void {
    this.#room.most = maxSessions
    Object.assign(this.#timeouts, timeouts)
    this.#acceptor.watchOver(liveness)
    this.#watchOver(liveness)
    for (const slot of this.#sessions.slots())
      if (this.#sessions.table.state[slot] === State.open) this.#relay.onDeadline(slot)
  }

  /** Reset the sessions that match; returns their serials. */
  #end(reason: Reason, matches: (slot: number) => boolean): number[] {
    const ended: number[] = []
    for (const slot of this.#sessions.slots()) {
      if (!matches(slot)) continue
      const { table } = this.#sessions
      ended.push(table.serial[slot])
      this.#sessions.reset(slot, table.whyBrokenOff(slot, reason))
    }
    return ended
  }

  #confirm(ticket: number, serials: number[]): void {
    this.#options.port.postMessage({ type: 'done', ticket, serials } satisfies LoopMail)
  }
}
