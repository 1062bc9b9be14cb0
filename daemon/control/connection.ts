import type { Socket } from 'node:net'
import type { RpcError } from '../../shared/protocol/errors.ts'
import { LineFramer } from '../../shared/protocol/framer.ts'
import type { Limits } from '../../shared/protocol/limits.ts'
import {
  BadRequest,
  errorLine,
  eventLine,
  type Id,
  parseRequest,
  type Request,
  resultLine,
} from '../../shared/protocol/message.ts'
import { Deadline, type RunningTime } from '../running-time.ts'
import type { Auditor } from './auditor.ts'
import type { Backend, Log } from './backend.ts'
import type { Changes } from './changes.ts'
import { dispatch, type Handlers, refusalOf } from './dispatch.ts'
import { type Admit, type Outlet, Session, type Via } from './session.ts'

/** Milliseconds for a client to close its side too: closed earlier, a reset could overtake our last words. */
const lingerTime = 1000

/** What all connections have in common. */
export interface Service {
  readonly handlers: Handlers
  readonly auditor: Auditor
  readonly changes: Changes
  readonly bring?: Backend['bring']
  readonly limits: Limits
  /** By which clients run out of time. */
  readonly time: RunningTime
  /** The first line that a client reads. */
  readonly greeting: string
  readonly admit: Admit
  readonly log: Log
}

/**
 * One client: reads its requests, answers them, and bounds what it may cost. It is read from only while few requests
 * and few bytes wait; what it sends beyond that waits in the kernel, and in the end with the client.
 */
export class ControlConnection implements Outlet {
  readonly session: Session
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #service: Service
  readonly #framer: LineFramer
  readonly #inFlight = new Set<Id>()
  /** Runs out at the end of the time to log in; then, while nothing is asked. */
  #deadline: Deadline
  /** Until a failed login is answered, or of the time to hang up. */
  #timer: NodeJS.Timeout | undefined
  /** The next request that is here already. */
  #turn: NodeJS.Immediate | undefined
  /** As the service's `time` counts. */
  #lastRequest: number
  #inputEnded = false
  /** No more is answered or pushed. */
  #over = false

  /** Takes over a socket, which must allow half-open connections. */
  constructor(socket: Socket, via: Via, service: Service) {
    const { limits, time, greeting, admit } = service
    this.session = new Session(via, socket.remoteAddress ?? 'the Unix socket', this, admit)
    this.#socket = socket
    this.#service = service
    this.#framer = new LineFramer(limits.lineBeforeLogin)
    this.#deadline = new Deadline(time, limits.loginTime, () => this.#checkLogin())
    this.#lastRequest = time.now()
    socket.setTimeout(limits.stall).on('timeout', () => this.#checkProgress())
    socket.on('data', (chunk) => {
      if (this.#over) return
      this.#framer.feed(chunk)
      this.#advance()
    })
    socket.on('end', () => {
      this.#inputEnded = true
      this.#advance()
    })
    socket.on('drain', () => {
      this.session.pump()
      this.#advance()
    })
    // A reset is an end like any other, and `close` tells of all of them.
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#stop()
        resolve()
      })
    })
    this.send(greeting)
  }

  get ready(): boolean {
    return !this.#over && this.#socket.writableLength < this.#service.limits.unsentPush
  }

  send(line: string): void {
    if (this.#over) return
    this.#socket.write(Buffer.from(line))
    if (this.#socket.writableLength > this.#service.limits.unsent) this.#abandon()
  }

  /** Tell the client why, and end the connection once it has heard. */
  goodbye(reason: string): void {
    this.#hangUp(eventLine('goodbye', { reason }))
  }

  /** As `goodbye`, but what the client has asked for is answered first. Nothing more is taken. */
  endAnswered(reason: string): void {
    this.session.goodbyeReason ??= reason
    this.#endIfAnswered()
  }

  /** End the connection with these last words: there is no room for it. */
  turnAway(lastWords: string): void {
    this.#hangUp(lastWords)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Goes on reading as far as the bounds allow, one request a turn of the event loop: others have theirs in between. */
  #advance(): void {
    if (this.#over || this.#turn !== undefined) return
    if (!this.#isBusy) {
      if (!this.#takeLine()) return this.#awaitInput()
      this.#turn = setImmediate(() => {
        this.#turn = undefined
        this.#advance()
      })
    }
    this.#socket.pause()
  }

  get #isBusy(): boolean {
    const { inFlight, unsentPush } = this.#service.limits
    if (this.session.goodbyeReason !== undefined) return true
    return this.#inFlight.size >= inFlight || this.#socket.writableLength >= unsentPush
  }

  /** A client that has finished sending has its answers and is done; it follows nothing any longer. */
  #awaitInput(): void {
    if (!this.#inputEnded) this.#socket.resume()
    else if (this.#inFlight.size === 0) this.#hangUp()
  }

  /** False if there is no whole line. */
  #takeLine(): boolean {
    const { line, lineBeforeLogin } = this.#service.limits
    let request: Request
    try {
      this.#framer.limit = this.session.isLoggedIn ? line : lineBeforeLogin
      const text = this.#framer.next()
      if (text === undefined) return false
      request = parseRequest(text)
    } catch (error) {
      this.#reject(error as RpcError)
      return true
    }
    this.#answer(request)
    return true
  }

  /** Whoever does not speak the protocol before login is not spoken to any further. */
  #reject(error: RpcError): void {
    const line = errorLine(error instanceof BadRequest ? error.id : null, error)
    if (this.session.isLoggedIn && error.kind !== 'too_large') this.send(line)
    else this.#hangUp(line)
  }

  async #answer(request: Request): Promise<void> {
    const { id } = request
    if (this.#inFlight.has(id)) return this.#reject(new BadRequest('invalid_request', 'that id is in flight'))
    this.#inFlight.add(id)
    this.#lastRequest = this.#service.time.now()
    const reply = await this.#replyTo(request)
    this.#inFlight.delete(id)
    this.#lastRequest = this.#service.time.now()
    this.send(reply)
    this.#endIfAnswered()
    this.session.pump()
    this.#advance()
  }

  #endIfAnswered(): void {
    const { goodbyeReason } = this.session
    if (goodbyeReason !== undefined && this.#inFlight.size === 0) this.goodbye(goodbyeReason)
  }

  async #replyTo(request: Request): Promise<string> {
    try {
      return resultLine(request.id, await dispatch(this.#service, this.session, request))
    } catch (error) {
      const refusal = refusalOf(error, request.method, this.#service.log)
      this.#service.auditor.refused(this.session, request, refusal.kind)
      const line = errorLine(request.id, refusal)
      if (refusal.kind === 'auth_failed' || refusal.kind === 'rate_limited') this.#failLogin(line)
      if (refusal.kind === 'busy') this.turnAway(line)
      return line
    }
  }

  /** Nothing more is read at once, or guesses sent ahead would be judged; the answer comes late, or guessing would be quick. */
  #failLogin(lastWords: string): void {
    this.#stop()
    this.#timer = setTimeout(() => this.#leave(lastWords), this.#service.limits.loginFailureDelay)
  }

  #checkLogin(): void {
    if (this.session.isLoggedIn) this.#checkUse()
    else this.goodbye('not logged in in time')
  }

  /** Who asks nothing and follows nothing does not keep a place that others may need. */
  #checkUse(): void {
    const { limits, time } = this.#service
    const { idle } = limits
    const isUsed = this.session.isSubscribed || this.#inFlight.size > 0
    const left = isUsed ? idle : this.#lastRequest + idle - time.now()
    if (left <= 0) this.goodbye('nothing was asked for a long time, and nothing subscribed to')
    else this.#deadline = new Deadline(time, left, () => this.#checkUse())
  }

  /** No byte has gone either way for a while: fine if there is none to send. */
  #checkProgress(): void {
    if (this.#socket.writableLength > 0) this.#abandon()
  }

  #abandon(): void {
    this.#service.log.warn(`management client from ${this.session.address} reads too slowly; let go`)
    this.#stop()
    this.#socket.destroy()
  }

  #hangUp(lastWords?: string): void {
    if (this.#over) return
    this.#stop()
    this.#leave(lastWords)
  }

  #stop(): void {
    this.#over = true
    this.#deadline.clear()
    clearTimeout(this.#timer)
    clearImmediate(this.#turn)
    this.session.end()
    this.#socket.pause()
  }

  #leave(lastWords?: string): void {
    this.#socket.once('finish', () => {
      // What is still read goes nowhere: unread, it would turn the end into a reset.
      this.#socket.resume()
      this.#timer = setTimeout(() => this.#socket.destroy(), lingerTime)
    })
    if (lastWords !== undefined) this.#socket.write(lastWords)
    this.#socket.end()
  }
}
