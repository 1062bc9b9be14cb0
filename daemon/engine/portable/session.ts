import type { Socket } from 'node:net'
import { parseAddress } from '../../socks/address.ts'
import { Command, encodeReply, Reply } from '../../socks/messages.ts'
import { type Destination, Negotiation, type Outcome } from '../../socks/negotiation.ts'
import type { EngineServices, Policy, Timeouts } from '../engine.ts'
import type { IsForbidden } from '../forbidden.ts'
import { Reason } from '../session-table.ts'
import { connected, DialError, dial, notAllowed, notFound, notResolved, refusalFor } from './dial.ts'
import type { Logins } from './logins.ts'
import { relay } from './relay.ts'
import type { Row } from './rows.ts'

/** Milliseconds in which a refused client may finish sending and read its reply. */
const lingerTime = 1000

/** What all sessions of an engine share; what can change meanwhile does so here. */
export interface SessionContext {
  readonly logins: Logins
  readonly resolver: Pick<EngineServices, 'resolve'>
  timeouts: Timeouts
  isForbidden: IsForbidden
}

/**
 * One client from accept to close.
 *
 * Once the request is there, the client's stream is paused until its destination is. A paused stream still tells us of
 * the client's end, but only if nothing was sent before it: so a client that is gone ends the dial, and one that has
 * sent its data early and finished is served.
 */
export class Session {
  readonly row: Row
  /** Resolves when the session is over and its descriptors are given back. */
  readonly ended: Promise<void>

  readonly #client: Socket
  /** The socket being dialled, then the open one. */
  #target: Socket | undefined
  /** Sockets that have not closed yet: the client's, and those dialled. */
  #sockets = 1
  readonly #negotiation: Negotiation
  readonly #context: SessionContext
  #deadline: NodeJS.Timeout | undefined
  /** When a byte or an end last moved; 0 until the session relays. */
  #touched = 0
  /** A login is being checked. */
  #isChecking = false
  /** Why the session ends, once it does. */
  #reason: Reason | undefined
  #resolveEnded: () => void

  /** `client` is a paused stream that allows half-open. */
  constructor(client: Socket, row: Row, context: SessionContext, policy: Policy) {
    this.#client = client
    this.row = row
    this.#context = context
    this.#negotiation = new Negotiation(policy)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#resolveEnded = resolve

    client.on('error', this.#broken).on('close', this.#closed).on('data', this.#receive).on('end', this.#left)
    // A client whose login is still being checked has asked in time.
    this.#setDeadline(context.timeouts.negotiation, () => this.#reset(this.#isChecking ? Reason.failed : Reason.silent))
    client.resume()
  }

  /** Ends the session now, by somebody's wish. */
  cut(reason: Reason): void {
    this.#reset(this.row.whyBrokenOff(reason))
  }

  /** Ends the session with an RST to whoever is still there: nobody shall take a broken stream for a whole one. */
  #reset(reason: Reason): void {
    this.#reason ??= reason
    reset(this.#client)
    if (this.#target?.connecting) this.#target.destroy(new DialError('ECANCELED'))
    else if (this.#target) reset(this.#target)
  }

  /** Counts what is left of an open session's time anew. */
  timeoutsChanged(): void {
    if (this.#touched > 0) this.#checkIdle()
  }

  readonly #left = (): void => this.#reset(Reason.gone)

  readonly #broken = (): void => this.#reset(this.#touched > 0 ? Reason.reset : Reason.gone)

  readonly #receive = (chunk: Buffer): void => this.#take(this.#negotiation.receive(chunk))

  #take({ reply, step }: Outcome): void {
    if (step.kind === 'end') return this.#finish(reply, Reason[step.why])
    if (reply) this.#client.write(reply)
    if (step.kind === 'more') return void this.#client.resume()
    this.#client.pause()
    if (step.kind === 'authenticate') void this.#authenticate(step.username, step.password)
    else if (step.command === Command.connect) void this.#connect(step.destination)
    else this.#finish(encodeReply(Reply.commandNotSupported), Reason.unsupported)
  }

  async #authenticate(username: Uint8Array, password: Uint8Array): Promise<void> {
    this.#isChecking = true
    const user = await this.#context.logins.authenticate(username, password)
    this.#isChecking = false
    if (this.#isOver) return
    if (user !== undefined) this.row.login(user)
    this.#take(this.#negotiation.authenticated(user !== undefined))
  }

  async #connect(destination: Destination): Promise<void> {
    this.row.requested(Command.connect, destination)
    const rest = this.#negotiation.takeRest()
    if (rest.length > 0) this.#client.unshift(rest)
    let target: Socket
    try {
      target = await this.#reach(await this.#addresses(destination), destination.port)
    } catch (error) {
      const [reply, reason] = refusalFor(error)
      if (!this.#isOver) this.#finish(encodeReply(reply), reason)
      return
    }
    if (!this.#isOver) this.#open(target)
  }

  /** The destination's address literals; none if the name has none. Rejects if the resolver takes too long. */
  async #addresses(destination: Destination): Promise<readonly string[]> {
    if (destination.kind === 'address') return [literal(destination.address)]
    const { promise: tooLate, reject: giveUp } = Promise.withResolvers<never>()
    this.#setDeadline(this.#context.timeouts.resolve, () => giveUp(new DialError(notResolved)))
    return Promise.race([this.#context.resolver.resolve(destination.name), tooLate])
  }

  /** Tries the addresses in turn; each may take its share of the time that is left. Rejects as the last one did. */
  async #reach(addresses: readonly string[], port: number): Promise<Socket> {
    clearTimeout(this.#deadline)
    const until = performance.now() + this.#context.timeouts.connect
    let failure: unknown
    if (addresses.length > 0) this.row.connecting()
    for (const [tried, address] of addresses.entries()) {
      if (this.#isOver) break
      if (this.#context.isForbidden(address, port)) {
        failure = new DialError(notAllowed)
        continue
      }
      this.row.dialling(address)
      this.#target = dial(address, port).on('close', this.#closed)
      this.#sockets++
      try {
        await connected(this.#target, (until - performance.now()) / (addresses.length - tried))
        return this.#target
      } catch (error) {
        failure = error
      }
    }
    throw failure ?? new DialError(notFound)
  }

  #open(target: Socket): void {
    this.row.connected()
    this.#client.off('data', this.#receive).off('end', this.#left)
    this.#client.write(encodeReply(Reply.succeeded, boundAddress(target)))
    target.on('error', this.#broken)
    relay(this.#client, target, (bytes) => {
      this.row.deliveredUp(bytes)
      this.#touch()
    })
    relay(target, this.#client, (bytes) => {
      this.row.deliveredDown(bytes)
      this.#touch()
    })
    for (const side of [this.#client, target]) {
      side.once('end', () => {
        this.#touch()
        this.#checkIdle()
      })
    }
    this.#touch()
    this.#checkIdle()
    this.#client.resume()
  }

  /**
   * Sends the last reply and closes. The client's input is read to its end, for a while: closing with input unread
   * would be an RST, which may overtake the reply.
   */
  #finish(reply: Uint8Array | undefined, reason: Reason): void {
    this.#reason = reason
    this.row.refused(reason)
    this.#client.off('data', this.#receive).off('end', this.#left)
    this.#setDeadline(lingerTime, () => this.#reset(reason))
    if (reply) this.#client.write(reply)
    this.#client.end()
    this.#client.resume()
  }

  #touch(): void {
    this.#touched = performance.now()
  }

  /** The session relays: it is over if nothing has moved for too long, else it gets the deadline that is due. */
  readonly #checkIdle = (): void => {
    const { idle, halfClosed } = this.#context.timeouts
    const isHalfClosed = this.#client.readableEnded || this.#target?.readableEnded
    const left = this.#touched + (isHalfClosed ? halfClosed : idle) - performance.now()
    if (left > 0) this.#setDeadline(left, this.#checkIdle)
    else this.#reset(Reason.idle)
  }

  #setDeadline(milliseconds: number, act: () => void): void {
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(act, milliseconds)
  }

  get #isOver(): boolean {
    return this.#client.destroyed
  }

  readonly #closed = (): void => {
    if (--this.#sockets > 0) return
    clearTimeout(this.#deadline)
    this.row.end(this.#reason ?? Reason.finished)
    this.#resolveEnded()
  }
}

/** Closes with an RST. libuv cannot while a FIN is on its way, but then all is said, and a plain close is no lie. */
function reset(socket: Socket): void {
  const isFinishing = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0
  if (isFinishing) socket.destroy()
  else socket.resetAndDestroy()
}

/** The text of an address, in a form that node:net takes. */
function literal(address: Uint8Array): string {
  if (address.length === 4) return address.join('.')
  return Array.from({ length: 8 }, (_, i) => ((address[2 * i] << 8) | address[2 * i + 1]).toString(16)).join(':')
}

function boundAddress({ localAddress = '', localPort = 0 }: Socket): { address: Uint8Array; port: number } | undefined {
  const address = parseAddress(localAddress.replace(/%.*/, ''))
  return address && { address, port: localPort }
}
