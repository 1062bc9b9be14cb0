import type { Socket } from 'node:net'
import { now } from '../../shared/process-clock.ts'
import { RpcError } from '../../shared/protocol/errors.ts'
import { LineFramer } from '../../shared/protocol/framer.ts'
import { limits } from '../../shared/protocol/limits.ts'
import { type FromDaemon, type Id, parseFromDaemon, requestLine } from '../../shared/protocol/message.ts'
import type { EventName, EventParams, Method, Params, Result } from '../../shared/protocol/methods.ts'
import type { CallOptions } from './client.ts'
import { ConnectionError } from './error.ts'
import { explain, type Stage } from './explain.ts'
import type { Judge } from './options.ts'
import type { Target } from './target.ts'

/**
 * Milliseconds for the daemon's first word after which we speak without it. A proxyd speaks at once; a port with TLS waits
 * for us, and hangs up on what we say.
 */
const firstWordTime = 200

interface PendingCall {
  readonly method: Method
  resolve(result: unknown): void
  reject(error: unknown): void
  /** Stop listening to the caller's signal. */
  forget(): void
}

/**
 * Calls and events over one socket, logged in or not. What the daemon says is passed on as it is, unless a judge finds something
 * wrong with it: then that one call rejects, and that event is nobody's. The rest of a daemon of another release can be used.
 */
export class Wire {
  /** Resolves when the connection has ended. */
  readonly closed: Promise<ConnectionError>
  readonly #socket: Socket
  readonly #judge: Judge
  readonly #framer = new LineFramer(limits.line)
  readonly #pending = new Map<Id, PendingCall>()
  readonly #listeners = new Map<string, Set<(params: never) => void>>()
  readonly #endings = new Set<(reason: ConnectionError) => void>()
  #lastId = 0
  #stage: Stage = 'connecting'
  #lastHeard = now()
  /** Set as soon as the end is certain. */
  #reason: ConnectionError | undefined

  /** Take over a socket that is connecting; what is called before it has connected waits. */
  constructor(socket: Socket, target: Target, judge: Judge) {
    this.#socket = socket
    this.#judge = judge
    const { promise, resolve } = Promise.withResolvers<ConnectionError>()
    this.closed = promise
    // Who is turned away is told why at once: written to before that is read, the socket would fail, and the words be lost.
    socket.cork()
    let firstWord: NodeJS.Timeout | undefined
    socket.on('connect', () => {
      this.#stage = 'connected'
      firstWord = setTimeout(() => socket.uncork(), firstWordTime)
    })
    socket.on('data', (chunk) => this.#read(chunk))
    socket.once('data', () => {
      clearTimeout(firstWord)
      socket.uncork()
    })
    socket.on('error', (error) => this.end(explain(error, target, this.#stage)))
    socket.on('close', () => {
      clearTimeout(firstWord)
      const reason = this.end(new ConnectionError('lost', 'the daemon closed the connection'))
      for (const id of this.#pending.keys()) this.#take(id)?.reject(reason)
      for (const listener of this.#endings) listener(reason)
      this.#endings.clear()
      resolve(reason)
    })
  }

  /** When a byte last came, as `now` tells it. */
  get lastHeard(): number {
    return this.#lastHeard
  }

  /** Whether the daemon has said hello. */
  get isGreeted(): boolean {
    return this.#stage === 'greeted'
  }

  call<M extends Method>(method: M, params: Params<M>, { signal }: CallOptions = {}): Promise<Result<M>> {
    return new Promise((resolve, reject) => {
      if (this.#reason) throw this.#reason
      signal?.throwIfAborted()
      const id = ++this.#lastId
      const line = requestLine(id, method, params)
      const bytes = Buffer.byteLength(line) - 1
      // The daemon would hang up on it, and whatever else is under way would be lost with it.
      if (bytes > limits.line) {
        const most = `a daemon takes ${limits.line} bytes at a time`
        throw new RpcError('too_large', `this is a request of ${bytes} bytes, and ${most}`, { method })
      }
      const abort = () => this.#take(id)?.reject(signal?.reason)
      signal?.addEventListener('abort', abort)
      this.#pending.set(id, {
        method,
        resolve: (result) => resolve(result as Result<M>),
        reject,
        forget: () => signal?.removeEventListener('abort', abort),
      })
      this.#socket.write(line)
    })
  }

  on<E extends EventName>(event: E, listener: (params: EventParams<E>) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  /** Hear once why the connection has ended, unless the returned function is called before. */
  onEnd(listener: (reason: ConnectionError) => void): () => void {
    if (this.#socket.closed) void this.closed.then(listener)
    else this.#endings.add(listener)
    return () => this.#endings.delete(listener)
  }

  /** End the connection at once. The first reason counts, and is returned. */
  end(reason: ConnectionError): ConnectionError {
    this.#reason ??= reason
    this.#socket.destroy()
    return this.#reason
  }

  #read(chunk: Uint8Array): void {
    this.#lastHeard = now()
    this.#framer.feed(chunk)
    while (!this.#socket.destroyed) {
      const message = this.#next()
      if (message === undefined) return
      this.#receive(message)
    }
  }

  #next(): FromDaemon | undefined {
    try {
      const line = this.#framer.next()
      return line === undefined ? undefined : parseFromDaemon(line)
    } catch (error) {
      this.end(new ConnectionError('not_proxyd', `what answers is not proxyd: ${(error as Error).message}`))
      return undefined
    }
  }

  #receive(message: FromDaemon): void {
    if (message.type === 'result') this.#resolve(message.id, message.result)
    else if (message.type === 'event') this.#emit(message.name, message.params)
    else if (message.id !== null) this.#refuse(message.id, message.error)
    else {
      const { kind, message: text } = message.error
      const code = this.isGreeted ? 'lost' : 'not_proxyd'
      this.end(new ConnectionError(kind === 'busy' ? 'busy' : code, `the daemon hung up: ${text}`))
    }
  }

  #resolve(id: Id, result: unknown): void {
    const call = this.#take(id)
    if (!call) return
    const fault = this.#faultOf('result', call.method, result)
    if (fault) call.reject(fault)
    else call.resolve(result)
  }

  /** Whoever hears of it may not know what was called. */
  #refuse(id: Id, { kind, message, details }: RpcError): void {
    const call = this.#take(id)
    call?.reject(new RpcError(kind, message, { ...details, method: call.method }))
  }

  /** What is wrong with it; undefined if it is to be passed on. */
  #faultOf(said: 'result' | 'event', name: string, value: unknown): ConnectionError | undefined {
    const problem = this.#judge(said, name, value)
    if (problem === null) return undefined
    return new ConnectionError('malformed', `the daemon's ${said} of ${name} makes no sense: ${problem}`)
  }

  #emit(name: string, params: Readonly<Record<string, unknown>>): void {
    const fault = this.#faultOf('event', name, params)
    if (fault) {
      // Without a greeting there is nothing to wait for.
      if (!this.isGreeted) this.end(fault)
      return
    }
    if (name === 'hello') this.#stage = 'greeted'
    if (name === 'goodbye') this.#reason ??= new ConnectionError('lost', `the daemon said goodbye: ${params.reason}`)
    for (const listener of this.#listeners.get(name) ?? []) listener(params as never)
  }

  #take(id: Id): PendingCall | undefined {
    const call = this.#pending.get(id)
    this.#pending.delete(id)
    call?.forget()
    return call
  }
}
