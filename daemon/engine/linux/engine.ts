import { setFlagsFromString } from 'node:v8'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Endpoint } from '../../net/endpoint.ts'
import { openEvent, signalEvent } from '../../os/event.ts'
import { close } from '../../os/libc.ts'
import { refusedSplice } from '../../os/refusals.ts'
import { resetOnClose } from '../../os/socket.ts'
import { descriptorLimit } from '../../os/system-limits.ts'
import { startThread, ThreadFile } from '../../os/thread-file.ts'
import { isOurs } from '../../os/udp.ts'
import type { NamedSocket } from '../../sockets/handed-sockets.ts'
import { endpointsOf, type Listener, roleOf } from '../../sockets/listeners.ts'
import type { Engine, EngineOptions, EngineServices, Orders } from '../engine.ts'
import { SessionTable } from '../session-table.ts'
import { askerOf } from '../shared/asker.ts'
import { Budget } from '../shared/budget.ts'
import type { DescriptorShares } from '../shared/descriptor-shares.ts'
import { LimitLines } from '../shared/limit-lines.ts'
import { changeWays, type OwnPolicy, ownPolicy } from '../shared/own-policy.ts'
import { Places } from '../shared/places.ts'
import { RelayPorts } from '../shared/relay-ports.ts'
import { SourceLines } from '../shared/source-lines.ts'
import type { LoopMemory, LoopMessage, LoopOptions, MainMessage, Order } from './loop-messages.ts'
import { OpenDescriptors } from './open-descriptors.ts'
import { sharedCountMemory, sharedCountsIn } from './shared-counts.ts'

/** So many loops may die within so many milliseconds: what kills one more would go on doing so. */
const mostDeaths = 3
const deathsCount = 60_000

const workerFile = ThreadFile.beside(import.meta.url, 'worker')

/**
 * Start the Linux engine: every loop a worker thread, with listening sockets of its own at every endpoint. Those are made
 * elsewhere, and by `reopen` for so many loops after a drain; the loops close them.
 */
export function startLinuxEngine(
  options: EngineOptions,
  { sessions: capacity, extras: maxExtras, binds: maxBinds }: DescriptorShares,
  listeners: readonly Listener<readonly number[]>[],
  services: EngineServices,
  reopen: Reopen,
): Engine {
  const refusal = refusedSplice()
  if (refusal !== undefined)
    services.warn(`this machine refuses a call (${refusal}): much data takes more of the processor`)
  const maxSessions = Math.min(options.maxSessions, capacity)
  const shared = {
    count: options.workers,
    capacity,
    maxExtras,
    maxBinds,
    balancers: options.balancers,
    splices: refusal === undefined,
    counts: sharedCountMemory(options.workers),
    relayPorts: new SharedArrayBuffer(RelayPorts.bytes),
    listening: listeners.map(({ at }) => at),
  }
  const { timeouts, liveness, limitLines, sourceLines, banned, known, rules } = options
  const orders = { maxSessions, timeouts, liveness, policy: ownPolicy(options.policy), rules }
  const memory = { limitLines, sourceLines, banned, known }
  const loops = Array.from({ length: options.workers }, (_, index) => ({ ...shared, ...memory, index }))
  return new LinuxEngine(loops, orders, listeners, services, reopen)
}

/** Opens the sockets of before again, for so many loops. Rejects with `ListenError`. */
type Reopen = (loops: number) => Promise<Listener<readonly number[]>[]>

/** What falls to one of so many loops. */
function shareOf(listeners: readonly Listener<readonly number[]>[], index: number, loops: number): Listener<number>[] {
  return listeners.flatMap(({ at, socket: all, leadsTo }) =>
    all.filter((_, i) => i % loops === index).map((socket) => ({ at, socket, leadsTo })),
  )
}

/** What a loop is started with that never changes. */
type Fixed = Omit<LoopOptions, keyof Ordered | 'listeners' | 'table' | 'own' | 'event' | 'port' | 'replaces'>

/** What orders change: a loop that takes another's place is started with it as it is then. */
type Ordered = Pick<LoopOptions, 'maxSessions' | 'timeouts' | 'liveness' | 'rules'> & { readonly policy: OwnPolicy }

class LinuxEngine implements Engine {
  readonly kind = 'linux'
  readonly tables: readonly SessionTable[]
  readonly capacity: number
  readonly listening: readonly Endpoint[]
  readonly forwarding: readonly Endpoint[]
  readonly relayPorts: SharedArrayBuffer
  readonly #reopen: Reopen
  #listeners: readonly Listener<readonly number[]>[]
  readonly #loops: readonly LoopHandle[]
  #ordered: Ordered
  /** When loops have died lately. */
  #deaths: number[] = []

  constructor(
    loops: readonly Fixed[],
    ordered: Ordered,
    listeners: readonly Listener<readonly number[]>[],
    services: EngineServices,
    reopen: Reopen,
  ) {
    const [{ capacity, relayPorts }] = loops as [Fixed]
    this.relayPorts = relayPorts
    this.#ordered = ordered
    this.#listeners = listeners
    this.#reopen = reopen
    const onDeath = (loop: LoopHandle, error: Error) => this.#mourn(loop, error)
    this.#loops = loops.map(
      (fixed, i) => new LoopHandle(fixed, ordered, shareOf(listeners, i, loops.length), services, onDeath),
    )
    this.tables = this.#loops.map((loop) => loop.table)
    this.capacity = capacity
    this.listening = endpointsOf(listeners, 'socks')
    this.forwarding = endpointsOf(listeners, 'forward')
    process.prependListener('exit', this.#resetAll)
  }

  get sockets(): readonly NamedSocket[] {
    return this.#listeners.flatMap((each) => each.socket.map((fd) => ({ role: roleOf(each), ...each.at, fd })))
  }

  get restarts(): readonly number[] {
    return this.#loops.map((loop) => loop.restarts)
  }

  async accept(): Promise<void> {
    await this.#order({ kind: 'accept', value: undefined })
  }

  order<Kind extends keyof Orders>(kind: Kind, value: Orders[Kind]): Promise<number[]> {
    const order = { kind, value } as Order
    this.#ordered = withOrder(this.#ordered, order, this.capacity)
    return this.#order(order)
  }

  async drain(): Promise<void> {
    this.#listeners = []
    await this.#order({ kind: 'drain', value: undefined })
  }

  async undrain(): Promise<void> {
    // Until a loop has heard of the drain, the ports are taken by ourselves: what it confirms comes after that.
    await this.#order({ kind: 'kill', value: [] })
    const loops = this.#loops.filter((loop) => loop.canServe)
    this.#listeners = await this.#reopen(loops.length)
    await Promise.all(loops.map((loop, i) => loop.undrain(this.#ordered, shareOf(this.#listeners, i, loops.length))))
  }

  async close(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()))
    process.off('exit', this.#resetAll)
  }

  /**
   * The process ends before its time, for a fault of ours: nobody shall take what is cut off for a whole. It comes before all
   * others who hear of the end, for one of them may be the last (`exitAtOnce`).
   */
  readonly #resetAll = (): void => {
    for (const loop of this.#loops) loop.resetAll()
  }

  /** A loop has died, and its sessions have ended: another takes its place. Throws if too many do. */
  #mourn(loop: LoopHandle, error: Error): void {
    const now = performance.now()
    this.#deaths = [...this.#deaths.filter((at) => now - at < deathsCount), now]
    if (this.#deaths.length >= mostDeaths) {
      throw new Error(`${mostDeaths} threads have died within a minute: proxyd ends, for so would others`, {
        cause: error,
      })
    }
    loop.replace(this.#ordered)
  }

  async #order(order: Order): Promise<number[]> {
    return (await Promise.all(this.#loops.map((loop) => loop.order(order)))).flat()
  }
}

/** What an order changes for loops that are started later. */
function withOrder(ordered: Ordered, { kind, value }: Order, capacity: number): Ordered {
  switch (kind) {
    case 'apply':
      return { ...ordered, policy: { ...ordered.policy, ...value } }
    case 'ways':
      changeWays(ordered.policy, value)
      return ordered
    case 'judge':
      return { ...ordered, rules: value }
    case 'tune':
      return { ...ordered, ...value, maxSessions: Math.min(value.maxSessions, capacity) }
    case 'userChanged':
      return { ...ordered, policy: { ...ordered.policy, passwordRequired: value.passwordRequired } }
    default:
      return ordered
  }
}

/** The main thread's end of one loop, and of those that take its place if it dies. */
class LoopHandle {
  readonly table: SessionTable
  /** How often another has taken the place of one that died. */
  restarts = 0
  readonly #fixed: Fixed
  readonly #memory: LoopMemory
  /** By half: the sockets of the loop's sessions. */
  readonly #sockets: Int32Array
  readonly #services: EngineServices
  readonly #onDeath: (loop: LoopHandle, error: Error) => void
  #listeners: readonly Listener<number>[]
  #event = openEvent()
  #left = Promise.withResolvers<void>()
  readonly #confirmations = new Map<number, (serials: readonly number[]) => void>()
  #port: MessagePort
  #lastTicket = 0
  #accepts = false
  #drains = false
  /** It is to end, or has died and is not replaced. */
  #isOver = false

  constructor(
    fixed: Fixed,
    ordered: Ordered,
    listeners: readonly Listener<number>[],
    services: EngineServices,
    onDeath: (loop: LoopHandle, error: Error) => void,
  ) {
    const { capacity, index } = fixed
    this.#listeners = listeners
    this.table = new SessionTable(capacity)
    this.table.nextSerial[0] = index + 1
    this.#fixed = fixed
    this.#memory = {
      sockets: new SharedArrayBuffer(2 * capacity * Int32Array.BYTES_PER_ELEMENT),
      openDescriptors: OpenDescriptors.memory(descriptorLimit()),
      places: Places.memory(capacity),
      waiting: Budget.memory(),
      relayPorts: new SharedArrayBuffer(RelayPorts.bytes),
    }
    this.#sockets = new Int32Array(this.#memory.sockets)
    this.#services = services
    this.#onDeath = onDeath
    this.#port = this.#start(ordered, false)
  }

  /** Returns where it is heard and spoken to. */
  #start(ordered: Ordered, replaces: boolean): MessagePort {
    const { port1, port2 } = new MessageChannel()
    port1.on('message', (message: LoopMessage) => this.#onMessage(message, port1))
    const own = { table: this.table.buffer, own: this.#memory, event: this.#event, port: port2, replaces }
    const workerData: LoopOptions = { ...this.#fixed, ...ordered, ...own, listeners: this.#listeners }
    // A loop stands still until the last thread that helps to collect its garbage has had a processor, of which it leaves little.
    setFlagsFromString('--no-parallel-scavenge')
    const worker = startThread(workerFile.url, { workerData, transferList: [port2], name: `loop ${this.#fixed.index}` })
    let error = new Error('its thread ended')
    worker.once('error', (thrown: unknown) => {
      error = thrown instanceof Error ? thrown : new Error(String(thrown))
    })
    worker.once('exit', (status) => this.#onExit(status, error))
    return port1
  }

  /** Only now nothing writes to its memory any more. */
  #onExit(status: number, error: Error): void {
    this.#port.close()
    const isFault = !this.#isOver || status !== 0
    const ended = isFault ? this.#bury() : 0
    this.#confirmAll()
    if (isFault) {
      const connections = `${ended} connection${ended === 1 ? '' : 's'} of it ended`
      this.#services.fault(error, `thread ${this.#fixed.index + 1} of the engine has died: ${connections}`)
    }
    if (this.#isOver) this.#leave()
    else this.#onDeath(this, error)
  }

  /** Its thread has died: another one goes on, unless it has nothing left to do. Throws if that would be of another program. */
  replace(ordered: Ordered): void {
    if (this.#drains) return this.#leave()
    if (workerFile.isReplaced)
      throw new Error('another program has been installed since proxyd began: it ends, and is to be started again')
    this.restarts++
    this.#port = this.#start(ordered, this.#accepts)
  }

  /** Whether it lives, or another could take its place. */
  get canServe(): boolean {
    return !this.#isOver || !workerFile.isReplaced
  }

  /** Has it take clients again; one that has died since the drain began has another in its place. */
  async undrain(ordered: Ordered, listeners: readonly Listener<number>[]): Promise<void> {
    this.#listeners = listeners
    this.#drains = false
    if (!this.#isOver) return void (await this.order({ kind: 'undrain', value: listeners }))
    this.#isOver = false
    this.#event = openEvent()
    this.#left = Promise.withResolvers()
    this.restarts++
    this.#port = this.#start(ordered, true)
  }

  #leave(): void {
    this.#isOver = true
    close(this.#event)
    this.#left.resolve()
  }

  /** Gives back all that it had but for its listening sockets, at which others may wait; returns how many sessions have ended. */
  #bury(): number {
    const { index, capacity, count, counts, limitLines, sourceLines, relayPorts } = this.#fixed
    const now = performance.now()
    for (const [half, fd] of this.#sockets.entries()) {
      if (!isSocket(fd)) continue
      this.#sockets[half] = 0
      resetOnClose(fd)
      close(fd)
    }
    const sockets = this.#isOver || this.#drains ? [] : this.#listeners.map(({ socket }) => socket)
    new OpenDescriptors(this.#memory.openDescriptors).closeAll(new Set(sockets))
    const lines = new LimitLines(limitLines)
    const sources = new SourceLines(sourceLines)
    sources.releaseFor(index)
    const shared = sharedCountsIn(counts, index)
    const room = { live: shared.liveSessions, most: 0, binds: shared.binds, mostBinds: 0, loops: count }
    const places = new Places(capacity, room, lines, sources, this.#memory.places)
    const ended = this.table.abandon(now, (slot) => places.leave(slot, now))
    for (const each of Object.values(shared)) each.takeBack()
    new RelayPorts(relayPorts, isOurs, this.#memory.relayPorts).closeAll()
    new Budget(lines, sources, this.#memory.waiting).forgetWaiting()
    return ended
  }

  #confirmAll(): void {
    for (const confirm of this.#confirmations.values()) confirm([])
    this.#confirmations.clear()
  }

  /** Have an order carried out; resolves to the serials of the sessions that it ended. */
  order(order: Order): Promise<readonly number[]> {
    if (order.kind === 'accept') this.#accepts = true
    if (order.kind === 'drain') this.#drains = true
    if (this.#isOver) return Promise.resolve([])
    const ticket = ++this.#lastTicket
    return new Promise((resolve) => {
      this.#confirmations.set(ticket, resolve)
      this.#send(this.#port, { type: 'order', ticket, order })
    })
  }

  /** Whatever the loop does, even if it does nothing any more: its sessions end with an RST when the process does. */
  resetAll(): void {
    for (const fd of this.#sockets) if (isSocket(fd)) resetOnClose(fd)
  }

  async stop(): Promise<void> {
    void this.order({ kind: 'stop', value: undefined })
    this.#isOver = true
    await this.#left.promise
  }

  /** Answers go to the loop that has asked alone: another that takes its place gives the same names to sessions of its own. */
  async #onMessage(message: LoopMessage, port: MessagePort): Promise<void> {
    switch (message.type) {
      case 'done':
        this.#confirmations.get(message.ticket)?.(message.serials)
        this.#confirmations.delete(message.ticket)
        return
      case 'warn':
        this.#services.warn(message.message)
        return
      case 'resolve': {
        const { slot, generation, name, serial } = message
        const found = await this.#services.resolve(name, askerOf(this.table, slot, serial))
        this.#send(port, { type: 'resolved', slot, generation, name, found })
        return
      }
      case 'authenticate': {
        const { slot, generation, login, serial } = message
        const isWaiting = () => this.table.serial[slot] === serial
        const admission = await this.#services.authenticate(login, isWaiting)
        this.#send(port, { type: 'authenticated', slot, generation, admission })
      }
    }
  }

  #send(port: MessagePort, message: MainMessage): void {
    if (this.#isOver || port !== this.#port) return
    port.postMessage(message)
    signalEvent(this.#event)
  }
}

/** Whether a half has, or had last, a socket: 0 is where none ever was. */
function isSocket(fd: number): boolean {
  return fd > 0
}
