import type { Socket } from 'node:net'
import { RpcError } from '../../shared/protocol/errors.ts'
import type { Limits } from '../../shared/protocol/limits.ts'
import { errorLine } from '../../shared/protocol/message.ts'
import type { ControlConnection } from './connection.ts'
import { LoginFailures } from './login-failures.ts'
import type { Via } from './session.ts'

/** Milliseconds for clients to take their leave. */
const goodbyeTime = 1000

/** Milliseconds for a client that is turned away to close its side too: closed earlier, a reset could overtake the reason. */
const turnAwayTime = 1000
/** Clients that have this time at once: beyond them each is closed as soon as it has been told. */
const mostTurnedAway = 64

const busyLine = errorLine(null, new RpcError('busy', 'the daemon has as many management clients as it allows'))

/** TLS clients a minute from one address that may leave without a login: each costs a handshake. */
const mostInVain = 60

/** What an accepted socket takes up. */
interface Place {
  readonly via: Via
  /** None yet in a TLS handshake. */
  connection?: ControlConnection
}

/** All management connections: no more at once than allowed. */
export class Clients {
  readonly #limits: Limits
  readonly #connect: (socket: Socket, via: Via) => ControlConnection
  readonly #places = new Map<Socket, Place>()
  /** Told why, but not gone yet. */
  readonly #turnedAway = new Set<Socket>()
  readonly #inVain = new LoginFailures(mostInVain)

  constructor(limits: Limits, connect: (socket: Socket, via: Via) => ControlConnection) {
    this.#limits = limits
    this.#connect = connect
  }

  /** Gives an accepted socket a place until it closes. False if there is none; then it has been turned away. */
  accept(socket: Socket, via: Via): boolean {
    // A reset is an end like any other, and `close` tells of all of them.
    socket.on('error', () => {})
    const { remoteAddress = '' } = socket
    if (!this.#hasRoom(via) || (via === 'tls' && this.#inVain.tooMany(remoteAddress))) {
      this.#turnAway(socket, via)
      return false
    }
    const place: Place = { via }
    this.#places.set(socket, place)
    socket.once('close', () => {
      this.#places.delete(socket)
      if (via === 'tls' && !isKnown(place)) this.#inVain.note(remoteAddress)
    })
    return true
  }

  /** Serves a client whose socket `accepted` has a place: by that socket, or by TLS inside it. */
  serve(accepted: Socket, socket: Socket = accepted): void {
    const place = this.#places.get(accepted)
    if (place) place.connection = this.#connect(socket, place.via)
    else socket.destroy()
  }

  sessionsOf(operator: string): readonly ControlConnection[] {
    return this.#connections.filter(({ session }) => session.operator === operator)
  }

  /** Ends all connections; call it when no more are accepted. */
  async end(reason: string): Promise<void> {
    const leaving = this.#connections
    for (const connection of leaving) connection.goodbye(reason)
    const timer = setTimeout(() => {
      for (const connection of leaving) connection.destroy()
    }, goodbyeTime)
    await Promise.all(leaving.map(({ closed }) => closed))
    clearTimeout(timer)
    for (const socket of [...this.#places.keys(), ...this.#turnedAway]) socket.destroy()
  }

  /** Without a word where it would take a handshake first. */
  #turnAway(socket: Socket, via: Via): void {
    if (via === 'tls') return void socket.destroy()
    socket.end(busyLine)
    if (this.#turnedAway.size >= mostTurnedAway) return socket.destroySoon()
    this.#turnedAway.add(socket)
    // What it sends goes nowhere: unread, it would turn the end into a reset.
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), turnAwayTime)
    socket.once('close', () => {
      clearTimeout(timer)
      this.#turnedAway.delete(socket)
    })
  }

  get #connections(): ControlConnection[] {
    return [...this.#places.values()].flatMap(({ connection }) => connection ?? [])
  }

  /** Strangers on TCP cannot keep out those who can open the Unix socket, nor those with TLS the ones without. */
  #hasRoom(via: Via): boolean {
    const { clients, clientsBeforeLogin } = this.#limits
    const strangers = [...this.#places.values()].filter((place) => place.via === via && !isKnown(place))
    return this.#places.size < clients && strangers.length < clientsBeforeLogin
  }
}

function isKnown({ connection }: Place): boolean {
  return connection?.session.isLoggedIn ?? false
}
