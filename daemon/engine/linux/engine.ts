import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { Endpoint } from '../../net/endpoint.ts'
import { openEvent, signalEvent } from '../../os/event.ts'
import { close } from '../../os/libc.ts'
import { refusedSplice } from '../../os/refusals.ts'
import { resetOnClose } from '../../os/socket.ts'
import type { NamedSocket } from '../../sockets/handed-sockets.ts'
import { endpointsOf, type Listener, roleOf } from '../../sockets/listeners.ts'
import type { Engine, EngineOptions, EngineServices, Orders } from '../engine.ts'
import { SessionTable } from '../session-table.ts'
import { askerOf } from '../shared/asker.ts'
import type { DescriptorShares } from '../shared/descriptor-shares.ts'
import { RelayPorts } from '../shared/relay-ports.ts'
import type { LoopMessage, LoopOptions, MainMessage, Order } from './loop-messages.ts'
import { sharedCountMemory } from './shared-counts.ts'

/**
 * Start the Linux engine: every loop a worker thread, with listening sockets of its own at every endpoint. Those are made
 * elsewhere; the loops close them.
 */
export function startLinuxEngine(
  options: EngineOptions,
  { sessions: capacity, extras: maxExtras, binds: maxBinds }: DescriptorShares,
  listeners: readonly Listener<readonly number[]>[],
  services: EngineServices,
): Engine {
  const refusal = refusedSplice()
  if (refusal !== undefined)
    services.warn(`this machine refuses a call (${refusal}): much data takes more of the processor`)
  const maxSessions = Math.min(options.maxSessions, capacity)
  const counts = sharedCountMemory()
  const relayPorts = new SharedArrayBuffer(RelayPorts.bytes)
  const listening = listeners.map(({ at }) => at)
  const splices = refusal === undefined
  const shared = {
    count: options.workers,
    capacity,
    maxSessions,
    maxExtras,
    maxBinds,
    balancers: options.balancers,
    splices,
    counts,
    relayPorts,
    listening,
  }
  const loops = Array.from({ length: options.workers }, (_, index) => {
    const table = new SessionTable(capacity)
    const { timeouts, liveness, policy, limitLines, sourceLines, banned, known, rules } = options
    const taken = listeners.flatMap(({ at, socket: all, leadsTo }) =>
      all.filter((_, i) => i % options.workers === index).map((socket) => ({ at, socket, leadsTo })),
    )
    const memory = { limitLines, sourceLines, banned, known, rules }
    const own = { index, listeners: taken, timeouts, liveness, policy, ...memory }
    return new LoopHandle(table, { ...shared, ...own }, services)
  })
  return new LinuxEngine(loops, capacity, listeners, relayPorts)
}

class LinuxEngine implements Engine {
  readonly kind = 'linux'
  readonly tables: readonly SessionTable[]
  readonly capacity: number
  readonly listening: readonly Endpoint[]
  readonly forwarding: readonly Endpoint[]
  readonly relayPorts: SharedArrayBuffer
  readonly sockets: readonly NamedSocket[]
  readonly #loops: readonly LoopHandle[]

  constructor(
    loops: readonly LoopHandle[],
    capacity: number,
    listeners: readonly Listener<readonly number[]>[],
    relayPorts: SharedArrayBuffer,
  ) {
    this.relayPorts = relayPorts
    this.#loops = loops
    this.tables = loops.map((loop) => loop.table)
    this.capacity = capacity
    this.listening = endpointsOf(listeners, 'socks')
    this.forwarding = endpointsOf(listeners, 'forward')
    this.sockets = listeners.flatMap((each) => each.socket.map((fd) => ({ role: roleOf(each), ...each.at, fd })))
    process.prependListener('exit', this.#resetAll)
  }

  async accept(): Promise<void> {
    await this.#order({ kind: 'accept', value: undefined })
  }

  order<Kind extends keyof Orders>(kind: Kind, value: Orders[Kind]): Promise<number[]> {
    return this.#order({ kind, value } as Order)
  }

  async drain(): Promise<void> {
    await this.#order({ kind: 'drain', value: undefined })
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

  async #order(order: Order): Promise<number[]> {
    return (await Promise.all(this.#loops.map((loop) => loop.order(order)))).flat()
  }
}

/** The main thread's end of one loop. */
class LoopHandle {
  readonly table: SessionTable
  /** By half: the sockets of the loop's sessions. */
  readonly #sockets: Int32Array
  readonly #services: EngineServices
  readonly #event = openEvent()
  readonly #port: MessagePort
  readonly #left: Promise<void>
  readonly #confirmations = new Map<number, (serials: readonly number[]) => void>()
  #lastTicket = 0
  #running = true

  constructor(
    table: SessionTable,
    options: Omit<LoopOptions, 'table' | 'sockets' | 'event' | 'port'>,
    services: EngineServices,
  ) {
    this.table = table
    const sockets = new SharedArrayBuffer(2 * table.capacity * Int32Array.BYTES_PER_ELEMENT)
    this.#sockets = new Int32Array(sockets)
    this.#services = services
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#port.on('message', (message: LoopMessage) => this.#onMessage(message))

    const workerData: LoopOptions = { ...options, table: table.buffer, sockets, event: this.#event, port: port2 }
    // Beside this file: the source when it runs as such, the bundle's own file when it is bundled.
    const file = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
    const worker = new Worker(file, { workerData, transferList: [port2], name: `loop ${options.index}` })
    this.#left = new Promise((resolve) => worker.once('exit', () => resolve()))
    // A loop that fails leaves its clients hanging: better to end the process, and say so, than to limp on.
    worker.once('error', (error) => {
      throw error
    })
  }

  /** Have an order carried out; resolves to the serials of the sessions that it ended. */
  order(order: Order): Promise<readonly number[]> {
    if (!this.#running) return Promise.resolve([])
    const ticket = ++this.#lastTicket
    return new Promise((resolve) => {
      this.#confirmations.set(ticket, resolve)
      this.#send({ type: 'order', ticket, order })
    })
  }

  /** Whatever the loop does, even if it does nothing any more: its sessions end with an RST when the process does. */
  resetAll(): void {
    for (let slot = 0; slot < this.table.capacity; slot++) {
      if (this.table.serial[slot] === 0) continue
      for (const socket of this.#sockets.subarray(2 * slot, 2 * slot + 2)) if (socket >= 0) resetOnClose(socket)
    }
  }

  async stop(): Promise<void> {
    if (!this.#running) return this.#left
    const stopped = this.order({ kind: 'stop', value: undefined })
    this.#running = false
    await stopped
    await this.#left
    this.#port.close()
    close(this.#event)
    for (const confirm of this.#confirmations.values()) confirm([])
  }

  async #onMessage(message: LoopMessage): Promise<void> {
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
        this.#send({ type: 'resolved', slot, generation, name, found })
        return
      }
      case 'authenticate': {
        const { slot, generation, login, serial } = message
        const isWaiting = () => this.table.serial[slot] === serial
        const admission = await this.#services.authenticate(login, isWaiting)
        this.#send({ type: 'authenticated', slot, generation, admission })
      }
    }
  }

  #send(message: MainMessage): void {
    if (!this.#running) return
    this.#port.postMessage(message)
    signalEvent(this.#event)
  }
}
