import type { Socket } from 'node:net'
import { RpcError } from '../../shared/protocol/errors.ts'
import type { Limits } from '../../shared/protocol/limits.ts'
import { errorLine } from '../../shared/protocol/message.ts'
import type { ControlConnection } from './connection.ts'
import type { Via } from './session.ts'

/** Milliseconds for clients to take their leave. */
const goodbyeTime = 1000

const busyLine = errorLine(null, new RpcError('busy', 'the daemon has as many management clients as it allows'))

/** All management connections: no more at once than allowed. */
export class Clients {
  readonly #limits: Limits
  readonly #connect: (socket: Socket, via: Via) => ControlConnection
  /** Every accepted socket, those in a TLS handshake included. */
  readonly #places = new Map<Socket, Via>()
  readonly #connections = new Set<ControlConnection>()

  constructor(limits: Limits, connect: (socket: Socket, via: Via) => ControlConnection) {
    this.#limits = limits
    this.#connect = connect
  }

  /** Gives an accepted socket a place until it closes. False if there is none; then it has been turned away. */
  accept(socket: Socket, via: Via): boolean {
    // A reset is an end like any other, and `close` tells of all of them.
    socket.on('error', () => {})
    if (!this.#hasRoom(via)) {
      turnAway(socket, via)
      return false
    }
    this.#places.set(socket, via)
    socket.once('close', () => this.#places.delete(socket))
    return true
  }

  /** Serves a client whose socket has a place: that socket, or TLS inside it. */
  serve(socket: Socket, via: Via): void {
    const connection = this.#connect(socket, via)
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
  }

  sessionsOf(operator: string): readonly ControlConnection[] {
    return [...this.#connections].filter(({ session }) => session.operator === operator)
  }

  /** Ends all connections; call it when no more are accepted. */
  async end(reason: string): Promise<void> {
    const leaving = [...this.#connections]
    for (const connection of leaving) connection.goodbye(reason)
    const timer = setTimeout(() => {
      for (const connection of leaving) connection.destroy()
    }, goodbyeTime)
    await Promise.all(leaving.map(({ closed }) => closed))
    clearTimeout(timer)
    for (const socket of this.#places.keys()) socket.destroy()
  }

  /** Strangers on TCP cannot keep out those who can open the Unix socket, nor those with TLS the ones without. */
  #hasRoom(via: Via): boolean {
    const { clients, clientsBeforeLogin } = this.#limits
    const accepted = [...this.#places.values()].filter((other) => other === via).length
    const known = [...this.#connections].filter(({ session }) => session.via === via && session.isLoggedIn).length
    return this.#places.size < clients && accepted - known < clientsBeforeLogin
  }
}

/** Without a word where it would take a handshake first. */
function turnAway(socket: Socket, via: Via): void {
  if (via === 'tls') socket.destroy()
  else {
    socket.end(busyLine)
    socket.destroySoon()
  }
}
