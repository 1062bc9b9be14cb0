import type { Socket } from 'node:net'
import { RpcError } from '../../shared/protocol/errors.ts'
import { errorLine } from '../../shared/protocol/message.ts'
import { ControlConnection, type Service } from './connection.ts'
import type { Via } from './session.ts'

/** Milliseconds for clients to take their leave. */
const goodbyeTime = 1000

const busyLine = errorLine(null, new RpcError('busy', 'the daemon has as many management clients as it allows'))

/** All management connections: no more at once than allowed. */
export class Clients {
  readonly #service: Service
  readonly #connections = new Set<ControlConnection>()

  constructor(service: Service) {
    this.#service = service
  }

  /** Serves an accepted socket, or turns it away. */
  admit(socket: Socket, via: Via): void {
    if (!this.#hasRoom(via)) return turnAway(socket)
    const connection = new ControlConnection(socket, via, this.#service)
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
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
  }

  /** Strangers on TCP cannot keep out those who can open the Unix socket. */
  #hasRoom(via: Via): boolean {
    const { clients, clientsBeforeLogin } = this.#service.limits
    const all = [...this.#connections]
    const strangers = all.filter(({ session }) => session.via === via && !session.isLoggedIn)
    return all.length < clients && strangers.length < clientsBeforeLogin
  }
}

function turnAway(socket: Socket): void {
  socket.on('error', () => {})
  socket.end(busyLine)
  socket.destroySoon()
}
