import { Command } from '../../socks/messages.ts'
import { forwarded, State } from '../session-table.ts'
import type { Associator } from './associator.ts'
import type { Binder } from './binder.ts'
import type { LoopContext } from './context.ts'
import type { Dialer } from './dialer.ts'
import { EventQueue } from './event-queue.ts'
import { firstExtraKey } from './extras.ts'
import type { SessionName } from './loop-messages.ts'
import type { Negotiator } from './negotiator.ts'
import type { Refusals } from './refusals.ts'
import type { Relay } from './relay.ts'
import { Flag, type Sessions, slotOf } from './sessions.ts'
import type { Stage } from './stage.ts'

export interface Stages {
  readonly negotiator: Negotiator
  readonly dialer: Dialer
  readonly binder: Binder
  readonly associator: Associator
  readonly relay: Relay
  readonly refusals: Refusals
}

/** By `State`: which stage has the session then. */
type Way = readonly Stage[]

/** By command, 0 standing for a client that has not asked yet. */
function waysOf({ negotiator, dialer, binder, associator, relay, refusals }: Stages): readonly Way[] {
  const way = (opener: Stage, open: Stage): Way => {
    const byState: Record<State, Stage> = {
      [State.negotiating]: negotiator,
      [State.resolving]: opener,
      [State.connecting]: opener,
      [State.listening]: opener,
      [State.open]: open,
      [State.closing]: refusals,
    }
    return Object.values(byState)
  }
  const byCommand: Record<0 | Command | typeof forwarded, Way> = {
    0: way(negotiator, negotiator),
    [Command.connect]: way(dialer, relay),
    [Command.bind]: way(binder, relay),
    [Command.udpAssociate]: way(associator, associator),
    [forwarded]: way(dialer, relay),
  }
  return Object.values(byCommand)
}

/** Leads whatever happens to a session to the stage that has it. Open sessions are served at once, the others by turns. */
export class Dispatch {
  readonly #sessions: Sessions
  readonly #ways: readonly Way[]
  readonly #setUps: EventQueue
  readonly #onSetUp = (key: number, generation: number, events: number) => this.#serve(key, generation, events)

  constructor(
    sessions: Sessions,
    stages: Stages,
    { longHeads, bounds, editors }: Pick<LoopContext, 'longHeads' | 'bounds' | 'editors'>,
  ) {
    this.#sessions = sessions
    this.#ways = waysOf(stages)
    this.#setUps = new EventQueue(sessions.fd.length)
    sessions.onEnd = (slot) => {
      longHeads.release(slot)
      if (bounds.size > 0) bounds.delete(slot)
      if (editors.size > 0) editors.delete(slot)
      this.forget(slot)
    }
  }

  /** Whether somebody who is being set up waits for a turn. */
  get busy(): boolean {
    return !this.#setUps.isEmpty
  }

  /** Events of a half, or of a socket that a session has beside its halves. */
  onEvent(key: number, generation: number, events: number): void {
    const slot = this.#owner(key, generation)
    if (slot === undefined) return
    if (this.#sessions.table.state[slot] === State.open) this.#hand(slot, key, events)
    else this.#setUps.add(key, generation, events)
  }

  /** Whether an event is one of somebody who talks, and so would notice what is served before. Who now sends in bulk does not. */
  isTalk(key: number): boolean {
    return key < this.#sessions.flags.length && (this.#sessions.flags[key] & (Flag.talks | Flag.bulk)) === Flag.talks
  }

  /** Serve so many at most of those that are being set up. */
  takeTurn(most: number): void {
    this.#setUps.take(most, this.#onSetUp)
  }

  onDeadline(slot: number): void {
    this.#stageOf(slot).onDeadline(slot)
  }

  /** The rules have changed, and the session may go on. */
  onRules(slot: number): void {
    this.#stageOf(slot).onRules?.(slot)
  }

  /** The session leaves the stage that has it. */
  forget(slot: number): void {
    this.#stageOf(slot).forget?.(slot)
  }

  /** An answer has come to a session: the stage that asked, if it is that one's still. */
  asked({ slot, generation }: SessionName): Stage | undefined {
    return this.#sessions.isCurrent(slot, generation) ? this.#stageOf(slot) : undefined
  }

  #serve(key: number, generation: number, events: number): void {
    const slot = this.#owner(key, generation)
    if (slot !== undefined) this.#hand(slot, key, events)
  }

  #hand(slot: number, key: number, events: number): void {
    const stage = this.#stageOf(slot)
    if (key < firstExtraKey) stage.onEvent(key, events)
    else stage.onExtra?.(slot, key - firstExtraKey, events)
  }

  /** Whose it is, if it is still that one's. */
  #owner(key: number, generation: number): number | undefined {
    if (key >= firstExtraKey) return this.#sessions.extras.find(key, generation)?.slot
    const slot = slotOf(key)
    return this.#sessions.isCurrent(slot, generation) ? slot : undefined
  }

  #stageOf(slot: number): Stage {
    const { command, state } = this.#sessions.table
    return this.#ways[command[slot] as number]?.[state[slot] as number] as Stage
  }
}
