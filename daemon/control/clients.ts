import type { Socket } from 'node:net'
import { RpcError } from '../../shared/protocol/errors.ts'
import type { Limits } from '../../shared/protocol/limits.ts'
import { errorLine } from '../../shared/protocol/message.ts'
import type { Role } from '../../shared/protocol/methods.ts'
import { sourceNamed } from '../net/address.ts'
import type { userOfPeer } from '../os/peer-user.ts'
import type { ControlConnection } from './connection.ts'
import { LoginFailures } from './login-failures.ts'
import type { Identity, Session, Via } from './session.ts'

/** Milliseconds for clients to take their leave. */
const goodbyeTime = 1000

/** Milliseconds for a client that is turned away to close its side too: closed earlier, a reset could overtake the reason. */
const turnAwayTime = 1000
/** Clients that have this time at once: beyond them each is closed as soon as it has been told. */
const mostTurnedAway = 64

const busy = 'the daemon has as many management clients as it allows'
const busyLine = errorLine(null, new RpcError('busy', busy))

/** TLS clients a minute from one address that may leave without a login: each costs a handshake. */
const mostInVain = 60

/** Why an operator's sessions end, by what has changed: what they may do was settled when they began. */
export const partings = {
  removed: 'this operator was removed',
  password: "this operator's password was changed",
  role: "this operator's role was changed",
} as const

/** Serves a client on a connection of its own. */
type Connect = (socket: Socket, via: Via) => ControlConnection

/** The source of a client whose user nobody has asked for, or of the Unix socket, where all are let in by it. */
const unasked = ''

/** What an accepted socket takes up. */
interface Place {
  /** Never given twice. */
  readonly id: number
  /** When it came, in whole milliseconds since 1970. */
  readonly since: number
  readonly socket: Socket
  readonly via: Via
  /** With TLS the client's (`sourceOf`); on this machine its user, once that is asked for (`unasked`). */
  source: string
  /** None yet in a TLS handshake. */
  connection?: ControlConnection
}

/**
 * All management connections: no more at once than allowed. Those who have not logged in cannot keep out those who can:
 * each newcomer has the place of one that has proved nothing for longer. On this machine that is who came first of the user
 * who has most: there an address says nothing, and to begin a login costs nothing, so whoever held begun ones from many
 * addresses could have every other client's place taken as soon as it came. Nor can one way in fill another's places, an
 * operator those of others, or all but admins those of admins.
 */
export class Clients {
  readonly #limits: Limits
  readonly #loadConnect: () => Promise<Connect>
  #connect: Promise<Connect> | undefined
  readonly #places = new Map<Socket, Place>()
  /** Told why, but not gone yet. */
  readonly #turnedAway = new Set<Socket>()
  readonly #inVain = new LoginFailures(mostInVain)
  #lastId = 0
  /** Loaded when the places for strangers are full for the first time; it stays undefined where koffi cannot load. */
  #userOfPeer: typeof userOfPeer | undefined
  #isAsked = false

  /** `loadConnect` is called for the first client. */
  constructor(limits: Limits, loadConnect: () => Promise<Connect>) {
    this.#limits = limits
    this.#loadConnect = loadConnect
  }

  /** Gives an accepted socket a place until it closes. False if there is none; then it has been turned away. */
  accept(socket: Socket, via: Via): boolean {
    // A reset is an end like any other, and `close` tells of all of them.
    socket.on('error', () => {})
    const source = via === 'tls' ? sourceNamed(socket.remoteAddress ?? '') : unasked
    const place: Place = { id: ++this.#lastId, since: Date.now(), socket, via, source }
    if ((via === 'tls' && this.#inVain.tooMany(source)) || !this.#makeRoom(via)) {
      this.#turnAway(place)
      return false
    }
    this.#places.set(socket, place)
    socket.once('close', () => {
      this.#places.delete(socket)
      if (via === 'tls' && !isKnown(place)) this.#inVain.note(source)
    })
    return true
  }

  /** Throws `RpcError` if there is no room for one more client who is this. */
  admit({ via }: Session, { name, role, isNamed }: Identity): void {
    const { clients, clientsKept, clientsOfOperator } = this.#limits
    const known = [...this.#places.values()].filter((place) => place.via === via && isKnown(place))
    if (known.length >= (role === 'admin' ? clients : clients - clientsKept)) throw new RpcError('busy', busy)
    if (isNamed && this.sessionsOf(name).length >= clientsOfOperator) {
      throw new RpcError(
        'busy',
        `${name} has ${clientsOfOperator} management connections already, as many as one may have`,
      )
    }
  }

  /** Serves a client whose socket `accepted` has a place: by that socket, or by TLS inside it. */
  async serve(accepted: Socket, socket: Socket = accepted): Promise<void> {
    // By TLS, too, a client may go before it is served.
    socket.on('error', () => {})
    this.#connect ??= this.#loadConnect()
    const connect = await this.#connect
    const place = this.#places.get(accepted)
    if (place) place.connection = connect(socket, place.via)
    else socket.destroy()
  }

  sessionsOf(operator: string): readonly ControlConnection[] {
    return this.#connections.filter(({ session }) => session.operator === operator)
  }

  /** Ends all connections of an operator whom another daemon has changed. */
  dismiss(operator: string, change: keyof typeof partings): void {
    for (const connection of this.sessionsOf(operator)) connection.goodbye(partings[change])
  }

  /** In the order in which they came. */
  loggedIn(): { readonly id: number; readonly since: number; readonly connection: ControlConnection }[] {
    return [...this.#places.values()].flatMap(({ id, since, connection }) =>
      connection?.session.isLoggedIn ? { id, since, connection } : [],
    )
  }

  countByRole(): ReadonlyMap<Role, number> {
    const counts = new Map<Role, number>()
    for (const { connection } of this.loggedIn()) {
      const { role } = connection.session.identity
      counts.set(role, (counts.get(role) ?? 0) + 1)
    }
    return counts
  }

  /** Ends all connections, each once it has its answers; call it when no more are accepted. */
  async end(reason: string): Promise<void> {
    const leaving = this.#connections
    for (const connection of leaving) connection.endAnswered(reason)
    const timer = setTimeout(() => {
      for (const connection of leaving) connection.destroy()
    }, goodbyeTime)
    await Promise.all(leaving.map(({ closed }) => closed))
    clearTimeout(timer)
    for (const socket of [...this.#places.keys(), ...this.#turnedAway]) socket.destroy()
  }

  /** Without a word where it would take a handshake first. */
  #turnAway({ socket, via, connection }: Place): void {
    if (connection) connection.turnAway(busyLine)
    else if (via === 'tls') return void socket.destroy()
    else socket.end(busyLine)
    if (this.#turnedAway.size >= mostTurnedAway) return connection ? connection.destroy() : socket.destroySoon()
    this.#turnedAway.add(socket)
    // What it sends goes nowhere: unread, it would turn the end into a reset.
    if (!connection) socket.resume()
    const timer = setTimeout(() => socket.destroy(), turnAwayTime)
    socket.once('close', () => {
      clearTimeout(timer)
      this.#turnedAway.delete(socket)
    })
  }

  get #connections(): ControlConnection[] {
    return [...this.#places.values()].flatMap(({ connection }) => connection ?? [])
  }

  /** True if there is room for one more stranger, now that another has gone if need be. */
  #makeRoom(via: Via): boolean {
    const strangers = [...this.#places.values()].filter((place) => place.via === via && !isKnown(place))
    if (strangers.length < this.#limits.clientsBeforeLogin) return true
    if (via === 'tcp') this.#askForUsers(strangers)
    const crowd = crowdOf(strangers)
    const place = via === 'tls' ? crowd.toSorted((a, b) => progressOf(a) - progressOf(b))[0] : crowd[0]
    if (place === undefined) return false
    this.#places.delete(place.socket)
    this.#turnAway(place)
    return true
  }

  /** Of each client once. */
  #askForUsers(places: readonly Place[]): void {
    if (!this.#isAsked) {
      this.#isAsked = true
      import('../os/peer-user.ts').then(
        (module) => {
          this.#userOfPeer = module.userOfPeer
        },
        () => {},
      )
    }
    if (!this.#userOfPeer) return
    for (const place of places) if (place.source === unasked) place.source = `user ${this.#userOfPeer(place.socket)}`
  }
}

/** Those of the source that has most. */
function crowdOf(places: readonly Place[]): readonly Place[] {
  const counts = new Map<string, number>()
  for (const { source } of places) counts.set(source, (counts.get(source) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return places.filter(({ source }) => counts.get(source) === most)
}

/** Towards a login. */
function progressOf({ connection }: Place): number {
  if (connection === undefined) return 0
  const { started, login } = connection.session
  return login ? 3 : started ? 2 : 1
}

function isKnown({ connection }: Place): boolean {
  return connection?.session.isLoggedIn ?? false
}
