import type { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import { Deadline } from '../../running-time.ts'
import type { Editor, Limit } from '../../socks/conversation.ts'
import { Reason } from '../session-table.ts'
import { refusalReply } from '../shared/protocols.ts'
import { lingerTime, notAllowed, type Refusal, refusalOf } from '../shared/refusals.ts'
import type { SessionContext } from './context.ts'
import type { Row } from './rows.ts'

/**
 * One client from accept to close: its socket, all others that are opened for it, its one deadline and its row. What is
 * done for it is not here: see `serve`.
 *
 * Once the request is there, the client's stream is paused until its destination is. A paused stream still tells us of
 * the client's end, but only if nothing was sent before it: so a client that is gone ends what is under way, and one
 * that has sent its data early and finished is served.
 */
export class Session {
  readonly client: Socket
  readonly row: Row
  readonly context: SessionContext
  /** Resolves when the session is over and its descriptors are given back. */
  readonly ended: Promise<void>

  /** The sockets that have not closed yet, and how each is closed before its time. */
  readonly #open = new Map<EventEmitter, () => void>()
  #deadline: Deadline | undefined
  /** When a byte or an end last moved, as `context.time` counts; 0 until the session stands. */
  #touched = 0
  /** The client is still to ask for something. */
  isSilent = false
  /** What of all that the client says goes on to its destination; undefined: all. */
  bound: Limit | undefined
  /** What becomes of the beginning of what its destination says; undefined: it goes on as it is. */
  editor: Editor | undefined
  /** The client has been told to log in, and may still do so: should it leave, it has been denied. */
  isChallenged = false
  /** Which of the timeouts bounds a standing session. */
  #patience: 'idle' | 'halfClosed' | 'udp' = 'idle'
  /** Why the session ends, once it does. */
  #reason: Reason | undefined
  readonly #resolveEnded: () => void

  /** `client` is a paused stream that allows half-open. */
  constructor(client: Socket, row: Row, context: SessionContext) {
    this.client = client
    this.row = row
    this.context = context
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#resolveEnded = resolve
    this.own(client, () => reset(client))
    client.on('close', () => context.paused.delete(client))
    client.on('error', this.broken).on('end', this.#left)
  }

  /** Whether all that is still to come is its end. */
  get isOver(): boolean {
    return this.#reason !== undefined || this.client.destroyed
  }

  /** A socket is open for this session: it is over only when that has closed, for which `end` sees, once, if need be. */
  own(socket: EventEmitter, end: () => void): void {
    this.#open.set(socket, end)
    socket.on('close', () => {
      // V8 may take the socket for alive until it next marks the whole heap, but what has served it need not be kept for that.
      socket.removeAllListeners()
      this.#open.delete(socket)
      if (this.#open.size === 0) this.#close()
    })
  }

  /** In place of any other deadline. */
  setDeadline(milliseconds: number, act: () => void): void {
    this.clearDeadline()
    this.#deadline = new Deadline(this.context.time, milliseconds, act)
  }

  clearDeadline(): void {
    this.#deadline?.clear()
  }

  /** Ends the session now, by somebody's wish. */
  cut(reason: Reason): void {
    this.reset(this.row.whyBrokenOff(reason))
  }

  /** Called when the rules have changed, and the session may go on. */
  onRules: () => void = () => {}

  /** Ends the session, which the rules deny now. */
  revoke(): void {
    if (this.row.stands) this.reset(Reason.revoked)
    else this.refuse(refusalOf(notAllowed))
  }

  /** Ends the session with an RST to whoever is still there: nobody shall take a broken stream for a whole one. */
  reset(reason: Reason): void {
    this.#reason ??= reason
    for (const socket of this.#open.keys()) this.#end(socket)
  }

  /** The client has finished, and so has what was done for it. Its last reply may be on its way, which an RST would overtake. */
  leave(reason: Reason): void {
    this.client.end()
    this.reset(reason)
  }

  /** One of its connections has broken. */
  readonly broken = (): void => this.reset(this.#touched > 0 ? Reason.reset : Reason.gone)

  /**
   * Sends the last reply and closes. The client's input is read to its end, for a while: closing with input unread
   * would be an RST, which may overtake the reply. Where places are short none is spent on that.
   */
  finish(reply: Uint8Array | undefined, reason: Reason): void {
    this.#reason = reason
    this.row.refused(reason)
    for (const socket of this.#open.keys()) if (socket !== this.client) this.#end(socket)
    this.client.off('end', this.#left)
    this.setDeadline(lingerTime, () => this.reset(reason))
    if (reply) this.client.write(reply)
    if (this.row.arePlacesShort) this.client.once('finish', () => this.client.destroy())
    this.client.end()
    this.client.resume()
  }

  /** `finish`, with the reply that tells why. */
  refuse(refusal: Refusal): void {
    this.finish(refusalReply(this.row.protocol, refusal), refusal.reason)
  }

  /** What was asked for stands: from now on the session ends when nothing moves for too long, by this timeout. */
  stand(patience: 'idle' | 'udp' = 'idle'): void {
    this.context.longHeads.release(this.row.slot)
    this.#patience = patience
    this.row.connected()
    this.client.off('end', this.#left)
    this.context.paused.delete(this.client)
    this.touch()
    this.#checkIdle()
  }

  /** A byte or an end has moved. */
  touch(): void {
    this.#touched = this.context.time.now()
  }

  /** One side has finished: the other has its own time. */
  halfClosed(): void {
    this.touch()
    if (this.#patience === 'halfClosed') return
    this.#patience = 'halfClosed'
    this.#checkIdle()
  }

  /** Counts what is left of a standing session's time anew. */
  timeoutsChanged(): void {
    if (this.#touched > 0) this.#checkIdle()
  }

  readonly #left = (): void => this.leave(this.isChallenged ? Reason.denied : Reason.gone)

  /** Ends the session if nothing has moved for too long, else sets the deadline that is due. */
  readonly #checkIdle = (): void => {
    // Who is kept waiting by a limit is not idle.
    if (this.row.waiting > 0) this.touch()
    const left = this.#touched + this.context.timeouts[this.#patience] - this.context.time.now()
    if (left > 0) return this.setDeadline(left, this.#checkIdle)
    // It may still be reading what the kernel has for it, which an RST would throw away.
    if (this.#isAllSaidToClient()) this.client.destroy()
    this.reset(Reason.idle)
  }

  /** Whether the kernel has all that the client is to hear, the end too, and nothing of what it said is lost with the session. */
  #isAllSaidToClient(): boolean {
    const sockets = [...this.#open.keys()].filter((socket) => socket instanceof Socket)
    const isTaken = this.client.readableLength === 0 && sockets.every(({ writableLength }) => writableLength === 0)
    return this.client.writableFinished && isTaken
  }

  /** Closes a socket before its time, once. */
  #end(socket: EventEmitter): void {
    const end = this.#open.get(socket)
    this.#open.set(socket, () => {})
    end?.()
  }

  #close(): void {
    this.clearDeadline()
    this.context.longHeads.release(this.row.slot)
    this.row.end(this.#reason ?? Reason.finished)
    this.#resolveEnded()
  }
}

/** Closes with an RST. libuv cannot while a FIN is on its way, but then all is said, and a plain close is no lie. */
export function reset(socket: Socket): void {
  const isFinishing = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0
  if (isFinishing) socket.destroy()
  else socket.resetAndDestroy()
}
