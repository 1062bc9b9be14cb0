import type { Destination } from '../../net/destination.ts'
import { Command } from '../../socks/messages.ts'
import { showRequest } from '../row-place.ts'
import type { forwarded } from '../session-table.ts'
import { admit } from '../shared/admission.ts'
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
    const { table, places } = sessions
    table.command[slot] = command
    if (command !== Command.udpAssociate) showRequest(table, slot, destination)
    const refusal = admit({ table, places, policy, verdicts }, slot, destination, clock.now)
    if (refusal) refusals.decline(slot, refusal)
    else this.#openers[command].begin(slot, destination, rest)
  }
}
