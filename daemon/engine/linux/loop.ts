import { receiveMessageOnPort } from 'node:worker_threads'
import { EPOLLIN, Epoll } from '../../os/epoll.ts'
import { clearEvent } from '../../os/event.ts'
import { PipePool } from '../../os/pipe-pool.ts'
import { isOurs } from '../../os/udp.ts'
import type { Timeouts, Tuning } from '../engine.ts'
import { PasswordMemory } from '../password-memory.ts'
import { Reason, SessionTable, State } from '../session-table.ts'
import { AssociationShares } from '../shared/association-shares.ts'
import { RelayPorts } from '../shared/relay-ports.ts'
import { TurnRecord } from '../turn-record.ts'
import { Acceptor, type Room } from './acceptor.ts'
import { Associations } from './association.ts'
import { Extras, firstExtraKey } from './extras.ts'
import type { LoopMail, LoopOptions, MainMail, Order } from './mail.ts'
import { Relay } from './relay.ts'
import { Sessions } from './sessions.ts'
import { Stages } from './stages.ts'
import { TimerWheel } from './timer-wheel.ts'

/** Events taken from the kernel at once. */
const eventCapacity = 512
/** Pipes at once, and idle ones kept. An unprivileged user may have 64 MiB of them (pipe(7)); beyond it we copy. */
const pipes = { most: 32, keep: 4 }

/**
 * One loop of the Linux engine: waits in epoll_wait, hands each event to the stage its session is in, gives everybody
 * with more to do a turn, and looks at the deadlines. Open sessions come first: a crowd of new clients takes its turns
 * between them.
 */
export class Loop {
  readonly #clock = { now: performance.now(), wall: Date.now() }
  readonly #epoll = new Epoll(eventCapacity)
  readonly #pipes: PipePool
  readonly #passwords = new PasswordMemory()
  readonly #wheel: TimerWheel
  readonly #sessions: Sessions
  readonly #relay: Relay
  readonly #stages: Stages
  readonly #acceptor: Acceptor
  readonly #options: LoopOptions
  /** All stages read this one object whenever they need a time, so they obey what is written into it. */
  readonly #timeouts: { -readonly [Name in keyof Timeouts]: number }
  readonly #room: Room
  /** Keys below are halves; this one is the mail's, and the listeners' follow. */
  readonly #mailKey: number
  /** The orders to confirm when the last session has ended. */
  readonly #drainTickets: number[] = []
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
    this.#pipes = new PipePool(options.splices ? pipes.most : 0, pipes.keep)
    this.#room = { live, most: options.maxSessions }

    const wheel = new TimerWheel(capacity, clock.now)
    const table = new SessionTable(capacity, options.table)
    const extras = new Extras(epoll, { count: live.subarray(2, 3), most: options.maxExtras })
    const serials = { first: index + 1, step: count }
    const relayPorts = new RelayPorts(options.relayPorts, isOurs)
    const associations = new Associations(new AssociationShares(count), relayPorts)
    const sessions = new Sessions(table, { clock, wheel, pipes: this.#pipes, extras, associations }, live, serials)
    const relay = new Relay(sessions, wheel, this.#pipes, timeouts, clock)
    const stages = new Stages({ sessions, epoll, wheel, clock, relay }, timeouts, this.#passwords, post)
    stages.obey(options.policy)
    stages.watchOver(options.liveness)
    this.#turns = new TurnRecord(table.turns)
    this.#wheel = wheel
    this.#sessions = sessions
    this.#relay = relay
    this.#stages = stages
    this.#mailKey = capacity * 2
    this.#acceptor = new Acceptor(
      { sessions, negotiator: stages.negotiator, dialer: stages.dialer, epoll, wheel, clock },
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
    const onDeadline = (slot: number) => this.#stages.onDeadline(slot)
    for (let now = this.#clock.now; !this.#stopped; now = this.#endTurn()) {
      const count = this.#epoll.wait(this.#isBusy ? 0 : this.#longestWait(now))
      this.#beginTurn()
      for (let i = 0; i < count; i++)
        this.#onEvent(this.#epoll.key(i), this.#epoll.generation(i), this.#epoll.events(i))
      if (this.#relay.busy) this.#relay.takeTurn()
      this.#stages.takeTurn()
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
    return this.#relay.busy || this.#stages.busy
  }

  #longestWait(now: number): number {
    return Math.min(this.#wheel.untilNext(now), this.#acceptor.untilNext(), this.#stages.untilNext(now))
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
    if (key > this.#mailKey && key < firstExtraKey) this.#acceptor.onEvent(key)
    else if (key === this.#mailKey) this.#readMail()
    else this.#stages.onEvent(key, generation, events)
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
      else if (mail.type === 'resolved') this.#stages.resolved(mail, mail.name, mail.found)
      else if (this.#sessions.isCurrent(mail.slot, mail.generation))
        this.#stages.negotiator.authenticated(mail.slot, mail.admission)
    }
  }

  #obey(ticket: number, order: Order): void {
    switch (order.type) {
      case 'apply':
        this.#acceptor.policy = order.policy
        this.#stages.obey(order.policy)
        return this.#confirm(ticket, [])
      case 'tune':
        this.#tune(order.tuning)
        return this.#confirm(ticket, [])
      case 'userChanged': {
        const { user, revision, cut, passwordRequired } = order.change
        this.#passwords.userChanged(user, revision)
        this.#acceptor.policy = { ...this.#acceptor.policy, passwordRequired }
        const isTheirs = (slot: number) => this.#sessions.table.user[slot] === user
        return this.#confirm(ticket, cut ? this.#end(Reason.cut, isTheirs) : [])
      }
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

  /** Sessions that relay may have a far deadline, or be overdue by the new times. */
  #tune({ maxSessions, timeouts, liveness }: Tuning): void {
    this.#room.most = maxSessions
    Object.assign(this.#timeouts, timeouts)
    this.#acceptor.watchOver(liveness)
    this.#stages.watchOver(liveness)
    for (const slot of this.#sessions.slots())
      if (this.#sessions.table.state[slot] === State.open) this.#stages.onDeadline(slot)
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
