import { SocketAddress } from 'node:net'
import { afterAll, expect, onTestFinished } from 'vitest'
import type {
  Admission,
  Asker,
  Engine,
  EngineOptions,
  EngineServices,
  Liveness,
  Policy,
  Resolution,
  Timeouts,
  UserChange,
} from '../../daemon/engine/engine.ts'
import { Reason, type SessionTable, State, stateCount, Total } from '../../daemon/engine/session-table.ts'
import { BannedSources } from '../../daemon/engine/shared/banned-sources.ts'
import { PacedBy } from '../../daemon/engine/shared/budget.ts'
import { KnownSources } from '../../daemon/engine/shared/known-sources.ts'
import {
  Direction,
  everybody,
  LimitLines,
  type LineLimits,
  limitLineMemory,
} from '../../daemon/engine/shared/limit-lines.ts'
import { SourceLines } from '../../daemon/engine/shared/source-lines.ts'
import { startLinux, startPortable } from '../../daemon/engine/start.ts'
import type { Endpoint } from '../../daemon/net/endpoint.ts'
import { parseNetwork } from '../../daemon/net/network.ts'
import type { IndexOf } from '../../daemon/policy/compile.ts'
import type { Forward } from '../../daemon/sockets/listeners.ts'
import { protocolNames } from '../../daemon/socks/conversation.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { eventually } from './eventually.ts'
import { connectPeer, type Peer } from './peer.ts'
import { ruleMemory } from './rules.ts'
import { expectReply, greeting, greetingForLogin, login, request, succeeded } from './socks-client.ts'

type Start = (options: EngineOptions, services: EngineServices) => Promise<Engine>

const portable = { kind: 'portable', start: startPortable }
const linux = { kind: 'linux', start: startLinux }

/** The engines that this machine can run, for `describe.each`: what one does, the other must do. */
export const engines: readonly { kind: string; start: Start }[] =
  process.platform === 'linux' ? [portable, linux] : [portable]

/** An engine of one loop, which starts in half the time: enough where no client is served beside another one. */
export const oneLoop =
  (start: Start): Start =>
  (options, services) =>
    start({ ...options, workers: 1 }, services)

export const enginesOfOneLoop: typeof engines = engines.map(({ kind, start }) => ({ kind, start: oneLoop(start) }))

/** Names that the fake resolver knows. */
const names: Readonly<Record<string, readonly string[]>> = {
  'one.test': ['127.0.0.1'],
  'six.test': ['::1'],
  'zero.test': ['0.0.0.0'],
  'both.test': ['::1', '127.0.0.1'],
  'dead-first.test': ['127.0.0.2', '::1', '127.0.0.1'],
  'dead.test': ['127.0.0.2', '127.0.0.3'],
}

/** The one user there is. */
export const alice = { index: 7, name: 'alice', password: 'secret' }

/** More indexes of users than tests use: memory of the others is never touched, and would be made by looking at it. */
const someUsers = 128

/** What a good login of hers comes to, as long as nothing changes. */
export const asAlice: Admission = { user: alice.index, revision: 1 }

/** A change to her that leaves her sessions alone. */
export const aliceChanged: UserChange = { user: alice.index, revision: 1, cut: false, passwordRequired: true }

/** What a test answers for; addresses alone are good for ten seconds. */
export type Services = Partial<Omit<EngineServices, 'resolve'>> & {
  resolve?(name: string, asker: Asker): Promise<readonly string[] | Resolution | undefined>
}

export interface Options extends Partial<Policy> {
  readonly timeouts?: Partial<Timeouts>
  readonly forwards?: readonly Forward[]
  readonly liveness?: Partial<Liveness>
  readonly maxSessions?: number
  readonly backlog?: number
  readonly capacity?: number
  readonly listen?: readonly Endpoint[]
  readonly services?: Services
  /** The memory of `BannedSources`; nobody is banned unless told. */
  readonly banned?: SharedArrayBuffer
  /** Text of rules. */
  readonly rules?: string
  readonly indexOf?: IndexOf
  /** Networks whose connections begin with a PROXY header; none unless told. */
  readonly balancers?: readonly string[]
}

/** Long enough for a slow machine: a test that waits for one of these has failed. */
export const patience: Timeouts = {
  negotiation: 120_000,
  resolve: 120_000,
  connect: 120_000,
  idle: 120_000,
  halfClosed: 120_000,
  udp: 120_000,
  bind: 120_000,
}

/** Everybody may do everything. */
export const openPolicy: Policy = {
  passwordRequired: false,
  trusted: [],
  protocols: protocolNames,
  commands: Object.values(Command),
  forbidden: [],
  udpAdvertise: [],
  udpPortRequired: false,
  sources: new Map(),
  egress: new Map(),
}

const unlimited: LineLimits = {
  group: 0,
  rateUp: undefined,
  rateDown: undefined,
  maxConnections: undefined,
  maxSources: undefined,
}

/** Starts an engine on both loopbacks, with fake services. It ends with the test, and its books must balance then. */
export async function startProxy(start: Start, options: Options = {}): Promise<ProxyUnderTest> {
  const proxy = await startUnwatched(start, options)
  onTestFinished(async () => {
    await proxy.engine.close()
    proxy.expectBalance()
  })
  return proxy
}

/**
 * An engine for all tests of a `describe`, from when one asks for it first. To each it is as if it had just been started;
 * what a test leaves alive ends with it, and the books must balance then. Limits, rules and policies must stay as they are.
 */
export function sharedProxy(start: Start, options: Options = {}): () => Promise<ProxyUnderTest> {
  let started: Promise<ProxyUnderTest> | undefined
  afterAll(async () => (await started)?.engine.close())
  return async () => {
    started ??= startUnwatched(start, options)
    const { engine, lines, sources } = await started
    const proxy = new ProxyUnderTest(engine, lines, sources)
    onTestFinished(async () => {
      await engine.order(
        'kill',
        proxy.rows().map(({ serial }) => serial),
      )
      await proxy.empty()
      proxy.expectBalance()
    })
    return proxy
  }
}

async function startUnwatched(start: Start, options: Options): Promise<ProxyUnderTest> {
  const limitLines = limitLineMemory()
  const sourceLines = SourceLines.memory()
  const engine = await start(
    {
      listen: options.listen ?? [
        { address: '127.0.0.1', port: 0 },
        { address: '::1', port: 0 },
      ],
      workers: 2,
      backlog: options.backlog ?? 128,
      maxSessions: options.maxSessions ?? 1000,
      capacity: options.capacity ?? 1000,
      timeouts: { ...patience, ...options.timeouts },
      liveness: { keepalive: 0, userTimeout: 0, ...options.liveness },
      forwards: options.forwards ?? [],
      balancers: (options.balancers ?? []).map(parseNetwork),
      known: KnownSources.memory(),
      banned: options.banned ?? BannedSources.memory(),
      limitLines,
      sourceLines,
      rules: ruleMemory(options.rules ?? '', options.indexOf),
      policy: {
        passwordRequired: options.passwordRequired ?? openPolicy.passwordRequired,
        trusted: options.trusted ?? openPolicy.trusted,
        protocols: options.protocols ?? openPolicy.protocols,
        commands: options.commands ?? openPolicy.commands,
        forbidden: options.forbidden ?? openPolicy.forbidden,
        udpAdvertise: options.udpAdvertise ?? openPolicy.udpAdvertise,
        udpPortRequired: options.udpPortRequired ?? openPolicy.udpPortRequired,
        sources: options.sources ?? openPolicy.sources,
        egress: options.egress ?? openPolicy.egress,
      },
    },
    {
      authenticate: async ({ username, password }) =>
        Buffer.from(username).equals(Buffer.from(alice.name)) &&
        Buffer.from(password).equals(Buffer.from(alice.password))
          ? asAlice
          : undefined,
      warn: () => {},
      fault: () => {},
      ...options.services,
      async resolve(name, asker) {
        const answer = options.services?.resolve ? await options.services.resolve(name, asker) : (names[name] ?? [])
        return answer && 'addresses' in answer ? answer : answer && { addresses: answer, lasts: 10_000 }
      },
    },
  )
  await engine.accept()
  return new ProxyUnderTest(engine, new LimitLines(limitLines), new SourceLines(sourceLines))
}

/** A live session, as the control plane sees it. */
export interface Row {
  readonly serial: number
  readonly state: State
  readonly user: number
  readonly up: number
  readonly down: number
  /** Which limit paces it now, and for how many milliseconds it has waited. */
  readonly paced: keyof typeof PacedBy
  readonly pacedFor: number
  /** Address and port; IPv4 addresses are v4-mapped. */
  readonly client: string
  readonly target: string
  readonly name: string
  /** The number of the rule that decided, or 0. */
  readonly rule: number
}

/** A session that has ended, as the control plane sees it. */
export interface ClosedRow extends Row {
  readonly reason: keyof typeof Reason
  /** As `performance.now` counts. */
  readonly ended: number
  /** The states it came to, in their order, and when. */
  readonly timeline: readonly (readonly [state: keyof typeof State, since: number])[]
}

/** An engine, as far as it concerns a test: what it has counted since, and sessions that have ended since. */
export class ProxyUnderTest {
  readonly engine: Engine
  readonly lines: LimitLines
  readonly sources: SourceLines
  readonly #before: ReadonlyMap<SessionTable, Counts>
  readonly #closedBefore: ReadonlySet<number>

  constructor(engine: Engine, lines: LimitLines, sources: SourceLines) {
    this.engine = engine
    this.lines = lines
    this.sources = sources
    this.#before = new Map(engine.tables.map((table) => [table, countsOf(table)]))
    this.#closedBefore = new Set(engine.tables.flatMap(closedRows).map(({ serial }) => serial))
  }

  get port(): number {
    return this.engine.listening[0]?.port ?? 0
  }

  /** A client that has not said anything yet. */
  client(host = '127.0.0.1'): Promise<Peer> {
    return connectPeer(host, this.port)
  }

  /** A client that has its reply: `host` was reached, and what is said now goes there. */
  async open(host: string, port: number, via = '127.0.0.1'): Promise<Peer> {
    const client = await this.client(via)
    client.write(greeting)
    expect(await client.readHex(2)).toBe('0500')
    client.write(request(host, port))
    await expectReply(client, succeeded)
    return client
  }

  /** A client that has logged in as alice. */
  async clientAsAlice(via = '127.0.0.1'): Promise<Peer> {
    const client = await this.client(via)
    client.write(greetingForLogin)
    expect(await client.readHex(2)).toBe('0502')
    client.write(login(alice.name, alice.password))
    expect(await client.readHex(2)).toBe('0100')
    return client
  }

  /** As `open`, for alice. */
  async openAsAlice(host: string, port: number, via = '127.0.0.1'): Promise<Peer> {
    const client = await this.clientAsAlice(via)
    client.write(request(host, port))
    await expectReply(client, succeeded)
    return client
  }

  /** Has the sessions of a user, or everybody's, obey these limits and no others; the serials of those that it ends. */
  limit(line: number, limits: Partial<LineLimits>): Promise<number[]> {
    this.lines.set(line, { ...unlimited, ...limits })
    return this.engine.order('limit', undefined)
  }

  /** A counter of `Total`, all loops together. */
  total(which: Total): number {
    return this.#sum(({ totals }) => totals[which])
  }

  /** Sessions that ended for this reason, all loops together. */
  ended(reason: Reason): number {
    return this.#sum(({ ended }) => ended[reason])
  }

  /** Sessions that ended before they reached their destination, all loops together. */
  get failed(): number {
    return this.total(Total.failed)
  }

  userSessions(user: number): number {
    return this.engine.tables.reduce((sum, table) => sum + (table.userSessions[user] ?? 0), 0)
  }

  userBytes(user: number): { up: number; down: number } {
    return { up: this.#sum(({ userUp }) => userUp[user]), down: this.#sum(({ userDown }) => userDown[user]) }
  }

  rows(): Row[] {
    return this.engine.tables.flatMap((table) => taken(table, 0, table.capacity).map((slot) => rowOf(table, slot)))
  }

  /** The sessions that ended and are remembered, in no order. */
  closed(): ClosedRow[] {
    return this.engine.tables.flatMap(closedRows).filter(({ serial }) => !this.#closedBefore.has(serial))
  }

  /** The one session that has ended, once it has. */
  async onlyClosed(): Promise<ClosedRow> {
    await eventually(() => expect(this.closed()).toHaveLength(1))
    return this.closed()[0] as ClosedRow
  }

  /** Resolves when all sessions have ended. */
  async empty(): Promise<void> {
    await eventually(() => expect(this.rows()).toEqual([]))
  }

  /** What must be true whenever no session lives, since the engine was started. */
  expectBalance(): void {
    expect(this.rows()).toEqual([])
    const overall = (of: (table: SessionTable) => number) =>
      this.engine.tables.reduce((sum, table) => sum + of(table), 0)
    const total = (which: Total) => overall((table) => table.totals[which] ?? 0)
    const users = (column: 'userSessions' | 'userUp' | 'userDown') =>
      overall((table) => [...table[column].subarray(0, someUsers)].reduce((sum, value) => sum + Math.abs(value), 0))
    expect(users('userSessions')).toBe(0)
    expect(total(Total.connected) + total(Total.failed)).toBe(total(Total.accepted))
    expect(overall((table) => table.ended.reduce((a, b) => a + b))).toBe(total(Total.accepted))
    expect([users('userUp'), users('userDown')]).toEqual([total(Total.up), total(Total.down)])
    // Nobody counts for a limit any more, or waits for one.
    const { lines } = this
    const waits = (line: number, direction: Direction) => lines.buckets.waiting(lines.bucketAt(line, direction)) !== 0
    for (const line of [...Array(someUsers).keys(), everybody])
      if (lines.live(line) !== 0 || waits(line, Direction.up) || waits(line, Direction.down))
        expect.fail(`line ${line} still counts ${lines.live(line)} sessions, or somebody who waits`)
  }

  /** What all loops have counted since. */
  #sum(of: (counts: Counts) => number | undefined): number {
    return [...this.#before].reduce((sum, [table, before]) => sum + (of(countsOf(table)) ?? 0) - (of(before) ?? 0), 0)
  }
}

type Counts = ReturnType<typeof countsOf>

/** What a table counts that only ever grows. */
function countsOf(table: SessionTable) {
  return {
    totals: table.totals.slice(),
    ended: Object.values(Reason).map((reason) => table.endedFor(reason)),
    userUp: table.userUp.slice(0, someUsers),
    userDown: table.userDown.slice(0, someUsers),
  }
}

function closedRows(table: SessionTable): ClosedRow[] {
  const rows = taken(table, table.capacity, table.serial.length)
  return rows.map((row) => ({ ...rowOf(table, row), ...endOf(table, row) }))
}

/** Rows of a table, from one to another, that are somebody's. */
function taken(table: SessionTable, from: number, to: number): number[] {
  const rows: number[] = []
  for (let row = from; row < to; row++) if (table.serial[row] !== 0) rows.push(row)
  return rows
}

function rowOf(table: SessionTable, slot: number): Row {
  const at = slot * 256
  return {
    serial: table.serial[slot] as number,
    state: table.state[slot] as State,
    user: table.user[slot] as number,
    rule: table.rule[slot] as number,
    up: table.up[slot] as number,
    down: table.down[slot] as number,
    paced: Object.keys(PacedBy)[table.paced[slot] as number] as keyof typeof PacedBy,
    pacedFor: table.pacedFor[slot] as number,
    client: place(table.clientAddress, table.clientPort, slot),
    target: place(table.targetAddress, table.targetPort, slot),
    name: Buffer.from(table.name.subarray(at + 1, at + 1 + (table.name[at] as number))).toString('latin1'),
  }
}

function endOf(table: SessionTable, row: number): Omit<ClosedRow, keyof Row> {
  const states = Object.keys(State) as (keyof typeof State)[]
  const reasons = Object.keys(Reason) as (keyof typeof Reason)[]
  return {
    reason: reasons[table.reason[row] as number] as keyof typeof Reason,
    ended: table.closed[row] as number,
    timeline: states
      .map((state) => [state, table.since[row * stateCount + State[state]] as number] as const)
      .filter(([, since]) => since > 0),
  }
}

function place(addresses: Uint8Array, ports: Uint16Array, slot: number): string {
  const octets = Buffer.from(addresses.subarray(slot * 16, slot * 16 + 16))
  const text = octets.toString('hex').match(/.{4}/g)?.join(':') ?? ''
  return `${new SocketAddress({ address: text, family: 'ipv6' }).address} ${ports[slot]}`
}
