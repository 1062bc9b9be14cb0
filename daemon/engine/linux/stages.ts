import type { Epoll } from '../../os/epoll.ts'
import { Command } from '../../socks/messages.ts'
import type { Liveness, Policy, Resolution, Timeouts } from '../engine.ts'
import type { PasswordMemory } from '../password-memory.ts'
import { Reason, State } from '../session-table.ts'
import { Associator } from './associator.ts'
import { Binder } from './binder.ts'
import { DatagramRelay } from './datagram-relay.ts'
import { Dialer } from './dialer.ts'
import { EventQueue } from './event-queue.ts'
import { firstExtraKey } from './extras.ts'
import { Farewell } from './farewell.ts'
import type { LoopMail, Slot } from './mail.ts'
import { Names } from './names.ts'
import { Negotiator } from './negotiator.ts'
import type { Relay } from './relay.ts'
import { type Clock, clientOf, Flag, isClient, type Sessions, slotOf } from './sessions.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** Events of sessions still being set up that are served between two looks at those of open ones. */
const setUpTurn = 4

/**
 * What a session goes through, and which stage an event, a deadline or an answer concerns: negotiator, then dialer and
 * relay (CONNECT), binder and relay (BIND) or associator (UDP ASSOCIATE), or farewell when it is refused.
 */
export class Stages {
  readonly negotiator: Negotiator
  readonly dialer: Dialer
  readonly #sessions: Sessions
  readonly #relay: Relay
  readonly #farewell: Farewell
  readonly #names: Names
  readonly #binder: Binder
  readonly #associator: Associator
  /** Events of sessions that are not open yet. */
  readonly #setUps: EventQueue
  readonly #onSetUp = (key: number, generation: number, events: number) => this.#serveSetUp(key, generation, events)

  constructor(
    parts: { sessions: Sessions; epoll: Epoll; wheel: TimerWheel; clock: Clock; relay: Relay },
    timeouts: Timeouts,
    passwords: PasswordMemory,
    post: (mail: LoopMail) => void,
  ) {
    const { sessions, wheel, clock } = parts
    const farewell = new Farewell(sessions, wheel, clock)
    const names = new Names(sessions, clock, post)
    const all = { ...parts, farewell, names }
    const dialer = new Dialer(all, timeouts)
    const binder = new Binder(all, timeouts)
    const associator = new Associator(all, new DatagramRelay(all), timeouts, (message) =>
      post({ type: 'warn', message }),
    )
    this.#sessions = sessions
    this.#setUps = new EventQueue(sessions.fd.length)
    this.#relay = parts.relay
    this.#farewell = farewell
    this.#names = names
    this.dialer = dialer
    this.#binder = binder
    this.#associator = associator
    this.negotiator = new Negotiator({ sessions, dialer, binder, associator, farewell, passwords }, post)
  }

  /** What begins from now on obeys it. */
  obey(policy: Policy): void {
    this.dialer.obey(policy)
    this.#binder.obey(policy)
    this.#associator.obey(policy)
  }

  /** Connections to peers that begin from now on are watched over like this. */
  watchOver(liveness: Liveness): void {
    this.dialer.liveness = liveness
    this.#binder.liveness = liveness
  }

  /** Whether somebody who is being set up waits for a turn. */
  get busy(): boolean {
    return !this.#setUps.isEmpty
  }

  /** Serve an event of a half or an extra now if its session is open, else when the set-ups have their turn. */
  onEvent(key: number, generation: number, events: number): void {
    if (key >= firstExtraKey) return this.#onExtra(key, generation, events)
    const slot = slotOf(key)
    if (!this.#sessions.isCurrent(slot, generation)) return
    if (this.#sessions.table.state[slot] === State.open) this.#onOpen(key, events)
    else this.#setUps.add(key, generation, events)
  }

  /** Milliseconds until there is something to do that no event tells of. */
  untilNext(now: number): number {
    return Math.max(0, this.#names.sweepAt - now)
  }

  /** Serve some of those that are being set up. */
  takeTurn(): void {
    this.#names.sweep()
    this.#setUps.take(setUpTurn, this.#onSetUp)
  }

  onDeadline(slot: number): void {
    switch (this.#sessions.table.state[slot]) {
      case State.open:
        return this.#isAssociation(slot) ? this.#associator.onDeadline(slot) : this.#relay.onDeadline(slot)
      case State.resolving:
      case State.connecting:
      case State.listening:
        return this.#opener(slot).onDeadline(slot)
      case State.closing:
        return this.#sessions.close(slot, this.#sessions.table.whyBrokenOff(slot, Reason.failed))
      default: {
        // A client whose login is still being checked has asked in time.
        const asked = this.#sessions.flags[clientOf(slot)] & Flag.checking
        return this.#sessions.close(slot, asked ? Reason.failed : Reason.silent)
      }
    }
  }

  /** The control plane's answer to a session that asked for a name. */
  resolved({ slot, generation }: Slot, name: string, found: Resolution | undefined): void {
    const addresses = found && this.#names.learn(name, found)
    if (!this.#sessions.isCurrent(slot, generation)) return
    if (this.#sessions.table.state[slot] === State.open) this.#associator.resolved(slot, addresses ?? [], name)
    else this.#opener(slot).resolved(slot, addresses)
  }

  #serveSetUp(key: number, generation: number, events: number): void {
    if (key >= firstExtraKey) return this.#onAttempt(key, generation, events)
    const slot = slotOf(key)
    if (!this.#sessions.isCurrent(slot, generation)) return
    switch (this.#sessions.table.state[slot]) {
      case State.open:
        return this.#onOpen(key, events)
      case State.negotiating:
        return this.negotiator.onEvent(slot, events)
      case State.closing:
        return this.#farewell.onEvent(slot, events)
      default:
        if (isClient(key)) return this.#opener(slot).onClientEvent(slot, events)
        return this.dialer.onTargetEvent(slot, events)
    }
  }

  #onOpen(half: number, events: number): void {
    const slot = slotOf(half)
    if (!this.#isAssociation(slot)) return this.#relay.onEvent(half, events)
    if (isClient(half)) this.#associator.onClientEvent(slot, events)
    else this.#associator.onTargetEvent(slot, this.#sessions.fd[half])
  }

  /** Those of open sessions are sockets for datagrams; those of others take part in getting a peer. */
  #onExtra(key: number, generation: number, events: number): void {
    const extra = this.#sessions.extras.find(key, generation)
    if (!extra) return
    const isOpen = this.#sessions.table.state[extra.slot] === State.open
    if (isOpen) this.#associator.onTargetEvent(extra.slot, extra.fd)
    else this.#setUps.add(key, generation, events)
  }

  #onAttempt(key: number, generation: number, events: number): void {
    const extra = this.#sessions.extras.find(key, generation)
    if (extra) this.#opener(extra.slot).onTargetEvent(extra.slot, events, extra.fd)
  }

  #isAssociation(slot: number): boolean {
    return this.#sessions.table.command[slot] === Command.udpAssociate
  }

  /** Who gets the session a peer. */
  #opener(slot: number): Dialer | Binder {
    return this.#sessions.table.command[slot] === Command.bind ? this.#binder : this.dialer
  }
}
