import type { Destination } from '../../net/destination.ts'
import { Command, Reply } from '../../socks/messages.ts'
import type { forwarded } from '../session-table.ts'
import { notAllowed } from '../shared/refusals.ts'
import type { LoopContext } from './context.ts'

/** A stage that begins with a request, and what the client sent behind it. */
export interface Opener {
  begin(slot: number, destination: Destination, rest: Uint8Array): void
}

/** Between a request and what is done for it: may this client have that? */
export class Admitter {
  readonly #loop: LoopContext
  readonly #openers: Readonly<Record<Command | typeof forwarded, Opener>>

  constructor(loop: LoopContext, openers: Readonly<Record<Command | typeof forwarded, Opener>>) {
    this.#loop = loop
    this.#openers = openers
  }

  /** `rest` is what the client sent behind its request. */
  admit(slot: number, command: Command | typeof forwarded, destination: Destination, rest: Uint8Array): void {
    const { sessions, verdicts, refusals, policy, clock } = this.#loop
    sessions.table.command[slot] = command
    if (command !== Command.udpAssociate) sessions.requested(slot, destination)
    const { clientAddress, user } = sessions.table
    const networks = policy.sources.get(user[slot])
    const reason = sessions.places.admit(slot, user[slot], networks, clientAddress, clock.now)
    if (reason !== undefined) refusals.decline(slot, { reply: Reply.notAllowed, reason })
    else if (verdicts.admits(slot, destination)) this.#openers[command].begin(slot, destination, rest)
    else refusals.fail(slot, notAllowed)
  }
}
