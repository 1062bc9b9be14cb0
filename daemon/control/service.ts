import type { Socket } from 'node:net'
import { type Limits, protocolVersion } from '../../shared/protocol/limits.ts'
import { eventLine, type Request } from '../../shared/protocol/message.ts'
import type { Role } from '../../shared/protocol/vocabulary.ts'
import type { RunningTime } from '../running-time.ts'
import { Auditor } from './auditor.ts'
import type { Backend, Log } from './backend.ts'
import { carryOut, type Ordered } from './carry-out.ts'
import type { Changes } from './changes.ts'
import type { Clients } from './clients.ts'
import { ControlConnection, type Service } from './connection.ts'
import { repeat } from './dispatch.ts'
import { accessHandlers } from './handlers/access.ts'
import { auditHandlers } from './handlers/audit.ts'
import { banHandlers } from './handlers/bans.ts'
import { connectionHandlers } from './handlers/connections.ts'
import { daemonHandlers } from './handlers/daemon.ts'
import { eventHandlers } from './handlers/events.ts'
import { groupHandlers } from './handlers/groups.ts'
import { logHandlers } from './handlers/log.ts'
import { accounts, loginHandlers } from './handlers/login.ts'
import { managementSessionHandlers } from './handlers/management-sessions.ts'
import { metricsHandlers } from './handlers/metrics.ts'
import { nodeHandlers } from './handlers/nodes.ts'
import { operatorHandlers } from './handlers/operators.ts'
import { ruleHandlers } from './handlers/rules.ts'
import { sessionHandlers } from './handlers/session.ts'
import { transferHandlers } from './handlers/transfer.ts'
import { usageHandlers } from './handlers/usage.ts'
import { userHandlers } from './handlers/users.ts'
import { watchHandlers } from './handlers/watches.ts'
import { LoginFailures } from './login-failures.ts'
import { Session, someoneLocal, type Via } from './session.ts'

export interface ServiceOptions {
  readonly backend: Backend
  readonly instance: string
  readonly log: Log
  /** Hears what operators do, which is for admins. */
  readonly audited: Pick<Log, 'info'>
  readonly limits: Limits
  /** See `Service.time`. */
  readonly time: RunningTime
  /** See `FeedLimits.linger`. */
  readonly linger: number
  /** The secret of who is on this machine. */
  readonly cookie: string
  readonly changes: Changes
  /** What whoever opens the Unix socket may do. */
  readonly socketRole: Role
  /** See `Predecessor.generation`. */
  readonly generation: number
  readonly clients: Clients
}

/** All that the protocol offers. */
export interface Offered {
  /** Serves a client on a connection of its own. */
  connect(socket: Socket, via: Via): ControlConnection
  /** Makes a change that the successor has made. Rejects with what keeps it from that. */
  repeat(method: string, params: Request['params']): Promise<object>
  /** Does what an operator wants who has asked another node of the fleet for it. Rejects with what keeps it from that. */
  carryOut(order: Ordered): Promise<object>
}

export function makeService(options: ServiceOptions): Offered {
  const { backend, instance, log, audited, limits, time, linger, cookie, changes, socketRole, generation, clients } =
    options
  const auditor = new Auditor(backend, audited)
  const login = {
    find: accounts(backend.operators, cookie),
    decoySecret: backend.operators.decoySecret,
    failures: new LoginFailures(limits.loginFailures),
    auditor,
    log: audited,
  }
  const greeting = eventLine('hello', {
    protocol: [...protocolVersion],
    instance,
    auth: ['SCRAM-SHA-256'],
    capabilities: [],
    limits,
  })
  const feed = { ...limits, linger }
  const handlers = {
    ...sessionHandlers(socketRole, generation),
    ...loginHandlers(login),
    ...operatorHandlers(backend.operators, clients),
    ...userHandlers(backend, feed),
    ...groupHandlers(backend.limits),
    ...managementSessionHandlers(clients),
    ...auditHandlers(backend.audit, limits),
    ...eventHandlers(backend.events, limits),
    ...watchHandlers(backend.watches, limits),
    ...banHandlers(backend.bans, feed),
    ...accessHandlers(backend.accessLog),
    ...connectionHandlers(backend, feed),
    ...metricsHandlers(backend.metrics, backend.history, limits),
    ...usageHandlers(backend.usage),
    ...logHandlers(backend.log, limits),
    ...ruleHandlers(backend.rules),
    ...transferHandlers(backend.transfer),
    ...nodeHandlers(backend),
    ...daemonHandlers(backend),
  }
  const service: Service = {
    handlers,
    auditor,
    changes,
    bring: backend.bring,
    limits,
    time,
    greeting,
    admit: (session, identity) => clients.admit(session, identity),
    log,
  }
  const successor = new Session('unix', 'the successor', { ready: false, send: () => {} }, () => {})
  successor.logIn(someoneLocal('admin'))
  return {
    connect: (socket, via) => new ControlConnection(socket, via, service),
    repeat: (method, params) => repeat(service, successor, { method, params }),
    carryOut: (order) => carryOut(service, order),
  }
}
