import { isIPv4, type Server, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { mapped, parseAddress, sourceOf, unmapped } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import type { Endpoint } from '../../net/endpoint.ts'
import { RunningTime } from '../../running-time.ts'
import type { NamedSocket } from '../../sockets/handed-sockets.ts'
import { endpointsOf, type Listener, roleOf } from '../../sockets/listeners.ts'
import type { ServerSocket } from '../../sockets/servers.ts'
import type { Engine, EngineOptions, EngineServices, Liveness, Orders, RuleMemory, Tuning } from '../engine.ts'
import { Door, type Entrance, Reason, type SessionTable, Total } from '../session-table.ts'
import { Balancers } from '../shared/balancers.ts'
import { BannedSources } from '../shared/banned-sources.ts'
import { Budget } from '../shared/budget.ts'
import type { DescriptorShares } from '../shared/descriptor-shares.ts'
import { EgressAddresses } from '../shared/egress-addresses.ts'
import { KnownSources } from '../shared/known-sources.ts'
import { LimitLines } from '../shared/limit-lines.ts'
import { LongHeads } from '../shared/long-heads.ts'
import { changeWays, ownPolicy } from '../shared/own-policy.ts'
import { PasswordMemory } from '../shared/password-memory.ts'
import type { Room as PlacesRoom } from '../shared/places.ts'
import { RelayPorts } from '../shared/relay-ports.ts'
import { Shares } from '../shared/shares.ts'
import { roomInterval, toMakeRoom } from '../shared/silent-clients.ts'
import { SourceLines } from '../shared/source-lines.ts'
import { reviewedAtOnce, Verdicts } from '../shared/verdicts.ts'
import { WaitingRoom } from '../shared/waiting-datagrams.ts'
import { type SessionContext, watchOver } from './context.ts'
import { Crowd } from './crowd.ts'
import { DatagramTurns } from './datagram-turns.ts'
import { Room, Shortage } from './descriptors.ts'
import { isOurs } from './local-address.ts'
import { OwnBuffers } from './own-buffer.ts'
import { Pacer } from './pacer.ts'
import { PausedSides } from './paused-sides.ts'
import { readProxyHeader } from './read-proxy-header.ts'
import { Rows } from './rows.ts'
import { forward, serve } from './serve.ts'
import { Session } from './session.ts'
import { Uses } from './uses.ts'
import { WaitingClients } from './waiting-clients.ts'

/**
 * The data plane on node:net, in the thread that calls. It runs wherever Node does, and says plainly what the other
 * engines must do.
 *
 * node:net cannot stop accepting, so clients beyond `maxSessions` are accepted and left unread until there is room: as
 * many as `backlog` says, and as there are descriptors for that nobody else needs. For further ones those are reset who
 * have waited longest of the source with most; without any descriptor, libuv would reset all that wait.
 *
 * The servers are made elsewhere, and by `reopen` after a drain; the engine closes them.
 */
export function startPortableEngine(
  options: EngineOptions,
  shares: DescriptorShares,
  listeners: Listeners,
  services: EngineServices,
  reopen: Reopen,
): Engine {
  return new PortableEngine(options, shares, listeners, services, reopen)
}

type Listeners = readonly Listener<readonly ServerSocket[]>[]

/** Opens the servers of before again. Rejects with `ListenError`. */
type Reopen = () => Promise<Listeners>

/** A client that waits for room. */
interface Arrival {
  readonly client: Socket
  readonly entrance: Entrance
  /** Where it is to be connected, if it came to a forward. */
  readonly leadsTo: Destination | undefined
  readonly address: Uint8Array
  readonly port: number
}

/** Clients who are taken at most from sockets that are about to be closed: as many as the kernel keeps waiting (somaxconn). */
const mostLast = 4096

/** In place of the address of a client who has broken off already: of that the kernel knows no more than the family. */
const nowhere = { ipv4: new Uint8Array(4), ipv6: new Uint8Array(16) }

class PortableEngine implements Engine {
  readonly kind = 'portable'
  readonly restarts = []
  readonly tables: readonly SessionTable[]
  readonly capacity: number
  readonly listening: readonly Endpoint[]
  readonly forwarding: readonly Endpoint[]

  readonly #services: EngineServices
  readonly #shortage: Shortage
  readonly #context: SessionContext
  readonly #uses: Uses
  readonly #rows: Rows
  readonly #banned: BannedSources
  readonly #sessions = new Crowd<Session>()
  readonly #waiting = new WaitingClients<Arrival>()
  /** For those who do not come for themselves; undefined if all do. */
  readonly #balancers: Balancers | undefined
  /** Balancers' connections of which it is not known whose they are. */
  readonly #unknown = new Set<Socket>()
  /** So many may; there are no descriptors for more. */
  readonly #mostWaiting: number
  readonly #limitLines: LimitLines
  #rules: RuleMemory
  /** Sessions that live, and may. */
  readonly #room: PlacesRoom & { most: number }
  readonly relayPorts = new SharedArrayBuffer(RelayPorts.bytes)
  readonly #reopen: Reopen
  #listeners: Listeners = []
  #accepts = false
  /** Drains that have begun, or been taken back. */
  #drains = 0
  /** Clients that have come, whatever became of them. */
  #came = 0
  #lastTaken: Promise<void> = Promise.resolve()
  #stopped: Promise<unknown> = Promise.resolve()
  #nextRoom: NodeJS.Timeout | undefined
  readonly #orders: { readonly [Kind in keyof Orders]: (value: Orders[Kind]) => Promise<number[]> } = {
    apply: async (change) => {
      this.#context.policy = { ...this.#context.policy, ...change }
      this.#context.verdicts = this.#verdicts()
      return []
    },
    ways: async (change) => {
      changeWays(this.#context.policy, change)
      this.#context.verdicts = this.#verdicts()
      return change.sources ? this.#cut(Reason.sources, (session) => !this.#mayComeFromThere(session)) : []
    },
    judge: async (memory) => {
      this.#rules = memory
      this.#context.verdicts = this.#verdicts()
      return this.#review(this.#context.verdicts)
    },
    tune: async (tuning) => {
      this.#tune(tuning)
      return []
    },
    userChanged: async ({ user, revision, cut, passwordRequired }) => {
      this.#context.passwords.userChanged(user, revision)
      this.#context.policy = { ...this.#context.policy, passwordRequired }
      return cut ? this.#cut(Reason.cut, ({ row }) => row.user === user) : []
    },
    limit: async () => {
      this.#context.pacer.limitsChanged()
      for (const { row } of this.#sessions.all) row.limitsChanged()
      return this.#cutBarred()
    },
    kill: async (serials) => {
      const wanted = new Set(serials)
      return this.#cut(Reason.cut, ({ row }) => wanted.has(row.serial))
    },
    // Its one thread is the main one.
    shrink: async () => [],
  }

  constructor(
    options: EngineOptions,
    { sessions: capacity, extras, binds: mostBinds, waiting }: DescriptorShares,
    listeners: Listeners,
    services: EngineServices,
    reopen: Reopen,
  ) {
    this.#services = services
    this.#reopen = reopen
    this.#shortage = new Shortage((message) => services.warn(message))
    this.#mostWaiting = Math.min(options.backlog * listeners.length, waiting)
    this.#banned = new BannedSources(options.banned)
    this.#rules = options.rules
    this.#limitLines = new LimitLines(options.limitLines)
    this.capacity = capacity
    const sessions = this.#sessions
    const live = {
      get value() {
        return sessions.size
      },
    }
    const binds = {
      value: 0,
      add(change: number) {
        this.value += change
      },
    }
    this.#room = { live, most: Math.min(options.maxSessions, capacity), binds, mostBinds, loops: 1 }
    this.listening = endpointsOf(listeners, 'socks')
    this.forwarding = endpointsOf(listeners, 'forward')
    const sourceLines = new SourceLines(options.sourceLines)
    this.#uses = new Uses(capacity, this.#room, this.#limitLines, sourceLines, () => void this.#cutBarred())
    this.#rows = new Rows(capacity, this.#uses)
    this.tables = [this.#rows.table]
    if (options.balancers.length > 0) {
      const { totals } = this.#rows.table
      this.#balancers = new Balancers(options.balancers, totals, (message) => services.warn(message))
    }
    const policy = ownPolicy(options.policy)
    this.#context = {
      passwords: new PasswordMemory(),
      limitLines: this.#limitLines,
      pacer: new Pacer(new Budget(this.#limitLines, sourceLines)),
      buffers: new OwnBuffers(),
      talkAt: Number.NEGATIVE_INFINITY,
      known: new KnownSources(options.known),
      authenticate: (login, isWaiting) => services.authenticate(login, isWaiting),
      resolver: services,
      extras: new Room(extras),
      associations: new Shares(1),
      waitingRoom: new WaitingRoom(),
      datagramTurns: new DatagramTurns(),
      relayPorts: new RelayPorts(this.relayPorts, isOurs),
      paused: new PausedSides(),
      egress: new EgressAddresses((message) => services.warn(message)),
      longHeads: new LongHeads(),
      time: new RunningTime(),
      warn: (message) => services.warn(message),
      timeouts: options.timeouts,
      liveness: options.liveness,
      verdicts: this.#verdicts(policy),
      policy,
    }
    this.#warnOfUserTimeout(options.liveness)
    this.#attend(listeners)
    this.#shortage.watch()
    process.prependListener('exit', this.#resetAll)
  }

  get sockets(): readonly NamedSocket[] {
    return this.#listeners.flatMap((each) => each.socket.map(({ fd }) => ({ role: roleOf(each), ...each.at, fd })))
  }

  #attend(listeners: Listeners): void {
    this.#listeners = listeners
    for (const { socket, leadsTo } of listeners) {
      for (const { server } of socket) {
        server.on('connection', (client) => this.#meet(client, leadsTo))
        server.on('error', (error) => this.#services.warn(`cannot accept a client: ${error.message}`))
      }
    }
  }

  get #servers(): readonly ServerSocket[] {
    return this.#listeners.flatMap(({ socket }) => socket)
  }

  async accept(): Promise<void> {
    this.#accepts = true
    await Promise.all(this.#servers.map((socket) => socket.listen()))
    this.#admitWaiting()
  }

  order<Kind extends keyof Orders>(kind: Kind, value: Orders[Kind]): Promise<number[]> {
    return this.#orders[kind](value)
  }

  /** By the rules of now; what proxyd listens on is no place for its clients. */
  #verdicts({ forbidden, egress } = this.#context.policy): Verdicts {
    const own = [...forbidden, ...this.listening, ...this.forwarding]
    const groupOf = (user: number) => this.#limitLines.groupOf(user)
    const forbid = (slot: number, rule: number) => this.#uses.places.forbid(slot, rule)
    return new Verdicts({ table: this.#rows.table, groupOf, loop: 0, own, isOurs, memory: this.#rules, egress, forbid })
  }

  /** Judges all live sessions anew, some in each turn; resolves to the serials of those that it ended. */
  async #review(verdicts: Verdicts): Promise<number[]> {
    const revoked: Session[] = []
    let judged = 0
    for (const session of this.#sessions.all) {
      if (++judged % reviewedAtOnce === 0) await setImmediate()
      // Whoever came with yet other rules judges all anew.
      if (verdicts !== this.#context.verdicts) break
      if (session.isOver || !session.row.isServed) continue
      if (verdicts.stands(session.row.slot)) {
        session.onRules()
        continue
      }
      session.revoke()
      revoked.push(session)
    }
    return revoked.map(({ row }) => row.serial)
  }

  #tune({ maxSessions, timeouts, liveness }: Tuning): void {
    this.#room.most = Math.min(maxSessions, this.capacity)
    this.#context.timeouts = timeouts
    if (liveness.userTimeout !== this.#context.liveness.userTimeout) this.#warnOfUserTimeout(liveness)
    this.#context.liveness = liveness
    for (const session of this.#sessions.all) session.timeoutsChanged()
    this.#admitWaiting()
  }

  /** Resolves to the serials of those that match, once they have ended. */
  async #cut(reason: Reason, matches: (session: Session) => boolean): Promise<number[]> {
    const theirs = this.#sessions.all.filter(matches)
    await cutAll(theirs, reason)
    return theirs.map(({ row }) => row.serial)
  }

  async #cutBarred(): Promise<number[]> {
    const reasonOf = ({ row: { user } }: Session) => this.#limitLines.barred(user)
    const barred = this.#sessions.all.filter((session) => reasonOf(session) !== undefined)
    await Promise.all(barred.map((session) => cutAll([session], reasonOf(session) ?? Reason.cut)))
    return barred.map(({ row }) => row.serial)
  }

  #mayComeFromThere({ row }: Session): boolean {
    return row.isWithin(this.#context.policy.sources.get(row.user))
  }

  async drain(): Promise<void> {
    const drain = ++this.#drains
    this.#lastTaken = this.#takeLast()
    await this.#lastTaken
    const stopped = this.#stopListening()
    // Each that ends may make room for one that waits, and has come before the drain.
    while (this.#sessions.size > 0 && drain === this.#drains)
      await Promise.all(this.#sessions.all.map((session) => session.ended))
    await stopped
  }

  /** Those who wait now have been told that they are connected, and would be reset: a turn of Node takes one, or none if it is full. */
  async #takeLast(): Promise<void> {
    for (let turn = 0, idle = 0; turn < mostLast && idle < 3; turn++) {
      const before = this.#came
      await setImmediate()
      idle = this.#came === before ? idle + 1 : 0
    }
  }

  async undrain(): Promise<void> {
    // The sockets of a drain that began just now are closed then.
    await this.#lastTaken
    this.#attend(await this.#reopen())
    this.#drains++
    await this.accept()
  }

  async close(): Promise<void> {
    this.#shortage.close()
    this.#uses.close()
    this.#context.time.close()
    clearTimeout(this.#nextRoom)
    for (let next = this.#waiting.take(); next; next = this.#waiting.take()) next.client.destroy()
    for (const client of this.#unknown) client.resetAndDestroy()
    const stopped = this.#stopListening()
    await cutAll(this.#sessions.all, Reason.ended)
    await stopped
    process.off('exit', this.#resetAll)
  }

  /**
   * The process ends before its time, for a fault of ours: nobody shall take what is cut off for a whole. It comes before all
   * others who hear of the end, for one of them may be the last (`exitAtOnce`).
   */
  readonly #resetAll = (): void => {
    for (const session of this.#sessions.all) session.cut(Reason.ended)
  }

  /** libuv has no call for it. */
  #warnOfUserTimeout({ userTimeout }: Liveness): void {
    if (userTimeout > 0) this.#services.warn('the portable engine cannot act by tcp-user-timeout; the linux engine can')
  }

  #meet(client: Socket, leadsTo: Destination | undefined): void {
    this.#came++
    if (this.#balancers && !leadsTo) return void this.#introduce(client, this.#balancers)
    const { remotePort: port = 0 } = client
    const address = addressOf(client)
    this.#arrive({ client, entrance: leadsTo ? Door.forward : Door.socks, leadsTo, address, port })
  }

  /** What a balancer does for itself is not kept out, and no limit holds for it. */
  async #introduce(client: Socket, balancers: Balancers): Promise<void> {
    if (this.#unknown.size >= this.#mostWaiting) return this.#shed(client)
    const own = { entrance: 'own' as const, address: addressOf(client), port: client.remotePort ?? 0 }
    const introducing = readProxyHeader(client, balancers, this.#context.time)
    if (client.destroyed) return
    this.#unknown.add(client)
    this.#dropWaiting()
    const introduced = await introducing
    this.#unknown.delete(client)
    if (introduced) {
      const ends = introduced.kind === 'own' ? own : { ...introduced, entrance: Door.socks }
      this.#arrive({ ...ends, client, leadsTo: undefined })
    }
  }

  #arrive(arrival: Arrival): void {
    const isUnwelcome = arrival.entrance !== 'own' && !this.#banned.isEmpty && this.#isBanned(arrival.address)
    if (isUnwelcome) arrival.client.resetAndDestroy()
    else if (this.#accepts && this.#hasRoom && this.#waiting.length === 0) this.#begin(arrival)
    else this.#wait(arrival)
    this.#shortage.arrived(this.#waiting.length)
  }

  #isBanned(address: Uint8Array): boolean {
    return this.#banned.turnsAway(mapped(address))
  }

  #wait(arrival: Arrival): void {
    const { address } = arrival
    const network = { bytes: address, prefix: address.length === 4 ? 32 : 64 }
    this.#waiting.add(sourceOf(address), this.#context.known.isKnown(network, performance.now()), arrival)
    this.#admitWaiting()
    this.#dropWaiting()
  }

  /** More wait than may. */
  #dropWaiting(): void {
    while (this.#waiting.length > 0 && this.#waiting.length + this.#unknown.size > this.#mostWaiting)
      this.#shed(this.#waiting.drop()?.client)
  }

  /** There is no room for this client. */
  #shed(client: Socket | undefined): void {
    client?.resetAndDestroy()
    this.#rows.table.totals[Total.shedNewcomers]++
  }

  get #hasRoom(): boolean {
    return this.#sessions.size < this.#room.most
  }

  #admitWaiting(): void {
    if (!this.#accepts) return
    while (this.#hasRoom) {
      const next = this.#waiting.take()
      if (!next) return
      this.#begin(next)
    }
    if (this.#waiting.length > 0 && this.#nextRoom === undefined) this.#makeRoom()
  }

  /**
   * Those who have not asked for anything give up some of their places, now or when they have had the time to ask. All are
   * looked at, and so it is not done for each who comes.
   */
  #makeRoom(): void {
    this.#nextRoom = setTimeout(() => {
      this.#nextRoom = undefined
      this.#admitWaiting()
    }, roomInterval)
    const silent = this.#sessions.all.filter(({ isSilent, isOver }) => isSilent && !isOver)
    const clients = silent.map((session) => {
      const { client, since } = session.row
      return { session, source: sourceOf(unmapped(client)), since }
    })
    const leaving = toMakeRoom(clients, performance.now())
    this.#rows.table.totals[Total.shedSilent] += leaving.length
    for (const { session } of leaving) session.reset(Reason.silent)
  }

  #begin({ client, leadsTo, address, port, entrance }: Arrival): void {
    const row = this.#rows.begin(address, port, entrance)
    // Whoever floods us with such keeps others waiting for as long as each of them takes.
    if (address === nowhere.ipv4 || address === nowhere.ipv6) {
      client.destroy()
      return row.end(Reason.gone)
    }
    const session = new Session(client, row, this.#context)
    this.#sessions.add(session)
    watchOver(client, this.#context.liveness)
    const reason = row.arrive(entrance === 'own')
    if (reason !== undefined) session.reset(reason)
    else if (leadsTo) void forward(session, leadsTo)
    else void serve(session)
    void session.ended.then(() => {
      this.#sessions.delete(session)
      this.#admitWaiting()
    })
  }

  /** Resolves when the last client's socket has closed. */
  #stopListening(): Promise<unknown> {
    this.#stopped = Promise.all([this.#stopped, ...this.#servers.map(({ server }) => closed(server))])
    this.#listeners = []
    return this.#stopped
  }
}

function addressOf({ remoteAddress, localAddress = '' }: Socket): Uint8Array {
  return parseAddress(remoteAddress ?? '')?.bytes ?? (isIPv4(localAddress) ? nowhere.ipv4 : nowhere.ipv6)
}

async function cutAll(sessions: readonly Session[], reason: Reason): Promise<void> {
  for (const session of sessions) session.cut(reason)
  await Promise.all(sessions.map((session) => session.ended))
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
