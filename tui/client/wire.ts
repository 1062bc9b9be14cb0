import type { Socket } from 'node:net'
import { LineFramer } from '../../shared/protocol/framer.ts'
import { limits } from '../../shared/protocol/limits.ts'
import { type FromDaemon, type Id, parseFromDaemon, requestLine } from '../../shared/protocol/message.ts'
import type { EventName, EventParams, Method, Params, Result } from '../../shared/protocol/methods.ts'
import { asOwner, type CallOptions, ConnectionError } from './client.ts'

interface PendingCall {
  resolve(result: unknown): void
  reject(error: unknown): void
  /** Stop listening to the caller's signal. */
  forget(): void
}

/**
 * Calls and events over one socket, logged in or not. Results are taken as the daemon gives them: it is trusted once it
 * has proved itself, and what a later version adds passes.
 */
export class Wire {
  /** Resolves when the connection has ended. */
  readonly closed: Promise<ConnectionError>
  readonly #socket: Socket
  readonly #framer = new LineFramer(limits.line)
  readonly #pending = new Map<Id, PendingCall>()
  readonly #listeners = new Map<string, Set<(params: never) => void>>()
  #lastId = 0
  #connected = false
  /** Set as soon as the end is certain. */
  #reason: ConnectionError | undefined

  /** Take over a socket that is connecting; what is called before it has connected waits. */
  constructor(socket: Socket) {
    this.#socket = socket
    const { promise, resolve } = Promise.withResolvers<ConnectionError>()
    this.closed = promise
    socket.on('connect', () => {
      this.#connected = true
    })
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', (error) => this.end(this.#explain(error)))
    socket.on('close', () => {
      const reason = this.end(new ConnectionError('lost', 'the daemon closed the connection'))
      for (const id of this.#pending.keys()) this.#take(id)?.reject(reason)
      resolve(reason)
    })
  }

  call<M extends Method>(method: M, params: Params<M>, { signal }: CallOptions = {}): Promise<Result<M>> {
    return new Promise((resolve, reject) => {
      if (this.#reason) throw this.#reason
      signal?.throwIfAborted()
      const id = ++this.#lastId
      const abort = () => this.#take(id)?.reject(signal?.reason)
      signal?.addEventListener('abort', abort)
      this.#pending.set(id, {
        resolve: (result) => resolve(result as Result<M>),
        reject,
        forget: () => signal?.removeEventListener('abort', abort),
      })
      this.#socket.write(requestLine(id, method, params))
    })
  }

  on<E extends EventName>(event: E, listener: (params: EventParams<E>) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  /** End the connection at once. The first reason counts, and is returned. */
  end(reason: ConnectionError): ConnectionError {
    this.#reason ??= reason
    this.#socket.destroy()
    return this.#reason
  }

  #read(chunk: Uint8Array): void {
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
      this.end(new ConnectionError('protocol', `what answers is not proxyd: ${(error as Error).message}`))
      return undefined
    }
  }

  #receive(message: FromDaemon): void {
    if (message.type === 'result') this.#take(message.id)?.resolve(message.result)
    else if (message.type === 'event') this.#emit(message.name, message.params)
    else if (message.id !== null) this.#take(message.id)?.reject(message.error)
    else {
      const { kind, message: text } = message.error
      this.end(new ConnectionError(kind === 'busy' ? 'unreachable' : 'protocol', `the daemon hung up: ${text}`))
    }
  }

  #emit(name: string, params: Readonly<Record<string, unknown>>): void {
    if (name === 'goodbye') this.#reason ??= new ConnectionError('lost', `the daemon said goodbye: ${params.reason}`)
    for (const listener of this.#listeners.get(name) ?? []) listener(params as never)
  }

  #take(id: Id): PendingCall | undefined {
    const call = this.#pending.get(id)
    this.#pending.delete(id)
    call?.forget()
    return call
  }

  #explain(error: NodeJS.ErrnoException): ConnectionError {
    // A name with several addresses fails once for each of them.
    const causes = error instanceof AggregateError ? (error.errors as Error[]) : [error]
    const text = [...new Set(causes.map((cause) => cause.message))].join(', ')
    // A Unix socket has no port; to be kept out by its mode, or its folder's, is not to be let in.
    if (error.code === 'EACCES' && !('port' in error)) return new ConnectionError('login', `${text}; ${asOwner}`)
    return new ConnectionError(this.#connected ? 'lost' : 'unreachable', text)
  }
}
