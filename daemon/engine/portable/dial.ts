import { isIPv6, type Socket } from 'node:net'
import { type Address, formatAddress, parseAddress, unmapped } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import { Deadline } from '../../running-time.ts'
import { streamBytes } from '../../sockets/listeners.ts'
import { inTurns, mostAttempts, tellsAsMuch, untilNextAttempt } from '../shared/happy-eyeballs.ts'
import { type Failure, notAllowed, notFound, type Refusal, refusalOf } from '../shared/refusals.ts'
import { holderOf } from '../shared/shares.ts'
import type { Verdicts } from '../shared/verdicts.ts'
import { watchOver } from './context.ts'
import { Dialled } from './dialled.ts'
import { reset, type Session } from './session.ts'

/** Taken by node:net, though its types do not tell of them. */
const streamLimits = { readableHighWaterMark: streamBytes, writableHighWaterMark: streamBytes }

/** Why a destination could not be reached. */
export class DialError extends Error {
  readonly code: Failure

  constructor(code: Failure) {
    super(`cannot reach the destination: ${code}`)
    this.name = 'DialError'
    this.code = code
  }
}

/** What came of an error of ours, or of node:net. */
export function refusalFor(error: unknown): Refusal {
  return refusalOf(String((error as { code?: unknown }).code))
}

/**
 * Connects to the first of these addresses that answers within `timeouts.connect` (see `happy-eyeballs.ts`). Rejects with an
 * error that has a `code`; also if the session ends meanwhile.
 */
export function dialAll(session: Session, addresses: readonly string[], destination: Destination): Promise<Dialled> {
  return new Promise((resolve, reject) => new Dial(session, addresses, destination, { resolve, reject }).next())
}

interface Outcome {
  readonly resolve: (target: Dialled) => void
  readonly reject: (error: unknown) => void
}

class Dial {
  readonly #session: Session
  readonly #untried: string[]
  /** Undefined if an address was asked for. */
  readonly #name: string | undefined
  readonly #port: number
  /** By what its addresses were judged when it began. */
  readonly #verdicts: Verdicts
  readonly #outcome: Outcome
  /** When it has taken long enough, as `context.time` counts. */
  readonly #until: number
  /** The attempts under way, the oldest first. */
  readonly #attempts = new Set<Socket>()
  /** So many may be, beside one another. */
  #most = mostAttempts
  /** Sockets that it has taken room for, beside the session's two. */
  #extras = 0
  readonly #holder: string
  /** Of the attempts that failed, what says most. */
  #failure: unknown
  #timer: Deadline | undefined

  constructor(session: Session, addresses: readonly string[], destination: Destination, outcome: Outcome) {
    this.#session = session
    this.#untried = addresses.length > 1 ? inTurns(addresses, isIPv6) : [...addresses]
    this.#name = destination.kind === 'name' ? destination.name : undefined
    this.#port = destination.port
    this.#verdicts = session.context.verdicts
    this.#outcome = outcome
    this.#holder = holderOf(session.row.user, unmapped(session.row.client))
    this.#until = session.context.time.now() + session.context.timeouts.connect
  }

  /** Dials the next address, beside those under way, and waits; gives up when there is none of either. */
  next(): void {
    if (this.#session.isOver) return this.#giveUp()
    if (this.#hasRoom()) this.#dialNext()
    if (this.#attempts.size === 0) return this.#giveUp()
    const mayBeginBeside = this.#attempts.size < this.#most
    const pause = untilNextAttempt(this.#until - this.#session.context.time.now(), this.#untried.length, mayBeginBeside)
    this.#timer?.clear()
    this.#timer = new Deadline(this.#session.context.time, pause, this.#onTime)
  }

  /** Without room for one more, the next address takes the place of one that has had its share of the time. */
  #hasRoom(): boolean {
    if (this.#untried.length === 0 || this.#attempts.size <= this.#extras) return true
    if (this.#session.context.extras.takeSpare(this.#holder)) this.#extras++
    else this.#most = this.#attempts.size
    return this.#attempts.size < this.#most
  }

  #dialNext(): void {
    const { row, context } = this.#session
    for (let address = this.#untried.shift(); address !== undefined; address = this.#untried.shift()) {
      const parsed = parseAddress(address)
      const isAllowed = parsed && context.verdicts.allows(row.slot, this.#name, parsed, this.#port)
      const { egress } = context.verdicts
      if (!isAllowed) this.#failed(new DialError(notAllowed))
      else if (!egress) return this.#dial(parsed.bytes, address)
      else {
        const from = context.egress.order(egress, { user: row.user, name: this.#name, bytes: parsed.bytes })
        if (from.length > 0) return this.#dial(parsed.bytes, address, from)
        this.#failed(new DialError('EADDRNOTAVAIL'))
      }
    }
  }

  /** From the first address that is there still of those in `from`, or from wherever the system says. */
  #dial(bytes: Uint8Array, address: string, [from, ...others]: readonly Address[] = []): void {
    this.#session.row.dialling(bytes)
    const options = {
      host: address,
      port: this.#port,
      allowHalfOpen: true,
      noDelay: true,
      ...streamLimits,
      ...(from && { localAddress: formatAddress(from.bytes) }),
    }
    const target = new Dialled(options, this.#session.context.buffers.lend(this.#session))
    const { socket } = target
    this.#attempts.add(socket)
    this.#session.own(socket, () => {
      if (socket.connecting) socket.destroy(new DialError('ECANCELED'))
      else reset(socket)
    })
    socket.on('connect', () => this.#connected(target, bytes))
    // An error always ends in 'close' too; without any listener it would end the process.
    socket.on('error', (error) => {
      if (!this.#attempts.delete(socket)) return
      const { code, syscall } = error as NodeJS.ErrnoException
      const isGone = from && syscall === 'bind'
      if (code === 'EADDRNOTAVAIL' && !isGone) this.#session.context.egress.foundNoPort(bytes)
      if (isGone) this.#session.context.egress.isGone(from)
      if (isGone && others.length > 0) return this.#dial(bytes, address, others)
      this.#failed(error)
      this.next()
    })
  }

  #connected(target: Dialled, bytes: Uint8Array): void {
    const { socket } = target
    if (!this.#attempts.delete(socket)) return
    if (isItself(socket, this.#port)) {
      reset(socket)
      this.#failed(new DialError('ECONNREFUSED'))
      return this.next()
    }
    this.#settle()
    watchOver(socket, this.#session.context.liveness)
    const { row, context } = this.#session
    row.dialling(bytes)
    // The rules may be others than when it was dialled.
    if (this.#verdicts === context.verdicts || context.verdicts.stands(row.slot)) return this.#outcome.resolve(target)
    socket.destroy()
    this.#outcome.reject(new DialError(notAllowed))
  }

  readonly #onTime = (): void => {
    if (this.#session.context.time.now() >= this.#until) {
      this.#failed(new DialError('ETIMEDOUT'))
      return this.#giveUp()
    }
    const [oldest] = this.#attempts
    if (oldest && this.#untried.length > 0 && this.#attempts.size >= this.#most) {
      this.#attempts.delete(oldest)
      oldest.destroy()
      this.#failed(new DialError('ETIMEDOUT'))
    }
    this.next()
  }

  #failed(error: unknown): void {
    const isFirst = this.#failure === undefined
    if (isFirst || tellsAsMuch(refusalFor(error).reason, refusalFor(this.#failure).reason)) this.#failure = error
  }

  #giveUp(): void {
    this.#settle()
    this.#outcome.reject(this.#failure ?? new DialError(notFound))
  }

  /** No attempt goes on. */
  #settle(): void {
    this.#timer?.clear()
    for (const socket of this.#attempts) socket.destroy()
    this.#attempts.clear()
    this.#session.context.extras.giveSpare(this.#holder, this.#extras)
  }
}

/**
 * Where nobody listens at a port of this machine, a dial from that very port meets itself (RFC 9293, section 3.5). To ask
 * for the peer takes a system call of its own, so only where the dialled port leaves a doubt.
 */
function isItself(socket: Socket, port: number): boolean {
  return socket.localPort === port && socket.localAddress === socket.remoteAddress
}
