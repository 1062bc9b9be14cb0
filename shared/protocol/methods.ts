import type * as z from 'zod'
import { accessLogEvents, accessMethods } from './methods/access.ts'
import { auditEvents, auditMethods } from './methods/audit.ts'
import { banEvents, banMethods } from './methods/bans.ts'
import { configMethods } from './methods/config.ts'
import { connectionEvents, connectionMethods } from './methods/connections.ts'
import { daemonMethods } from './methods/daemon.ts'
import { eventEvents, eventMethods } from './methods/events.ts'
import { groupMethods } from './methods/groups.ts'
import { logEvents, logMethods } from './methods/log.ts'
import { managementSessionMethods } from './methods/management-sessions.ts'
import { metricsEvents, metricsMethods } from './methods/metrics.ts'
import { nodeMethods } from './methods/nodes.ts'
import { operatorMethods } from './methods/operators.ts'
import { ruleMethods } from './methods/rules.ts'
import { sessionEvents, sessionMethods } from './methods/session.ts'
import type { EventShape, MethodShape } from './methods/shape.ts'
import { transferMethods } from './methods/transfer.ts'
import { usageMethods } from './methods/usage.ts'
import { userEvents, userMethods } from './methods/users.ts'
import { watchEvents, watchMethods } from './methods/watches.ts'

/**
 * The management protocol's methods and events, as two tables: a file of `methods/` has those of each domain. Validation,
 * types, help, `rpc.describe` and PROTOCOL.md derive from them, the words of `describe` included. The daemon refuses unknown
 * parameters; clients ignore unknown fields of a result. Everybody else imports from here, or `vocabulary.ts` if the words are enough.
 */
export const methods = {
  ...sessionMethods,
  ...daemonMethods,
  ...userMethods,
  ...groupMethods,
  ...connectionMethods,
  ...accessMethods,
  ...metricsMethods,
  ...usageMethods,
  ...logMethods,
  ...configMethods,
  ...banMethods,
  ...ruleMethods,
  ...operatorMethods,
  ...transferMethods,
  ...managementSessionMethods,
  ...auditMethods,
  ...eventMethods,
  ...watchMethods,
  ...nodeMethods,
} satisfies Record<string, MethodShape>

export type Method = keyof typeof methods
export type Params<M extends Method> = z.input<(typeof methods)[M]['params']>
export type Result<M extends Method> = z.output<(typeof methods)[M]['result']>

/** What the daemon sends unasked. Clients ignore events that they do not know. */
export const events = {
  ...sessionEvents,
  ...metricsEvents,
  ...userEvents,
  ...connectionEvents,
  ...accessLogEvents,
  ...logEvents,
  ...banEvents,
  ...auditEvents,
  ...eventEvents,
  ...watchEvents,
} satisfies Record<string, EventShape>

export type EventName = keyof typeof events
export type EventParams<E extends EventName> = z.output<(typeof events)[E]['params']>

export { type AccessEntry, accessEntry } from './methods/access.ts'
export type { AuditEntry } from './methods/audit.ts'
export { type Ban, type BanReason, ban } from './methods/bans.ts'
export { type Setting, setting } from './methods/config.ts'
export {
  type ClosedConnection,
  type Connection,
  closedConnection,
  connection,
} from './methods/connections.ts'
export { type Health, health } from './methods/daemon.ts'
export { type EventEntry, eventEntry } from './methods/events.ts'
export { type Group, group } from './methods/groups.ts'
export { type LogEntry, logEntry } from './methods/log.ts'
export type { ManagementSession } from './methods/management-sessions.ts'
export { type Sample, sample } from './methods/metrics.ts'
export type { FleetNode } from './methods/nodes.ts'
export { type Operator, operator } from './methods/operators.ts'
export { type Rule, rule } from './methods/rules.ts'
export type { MethodShape } from './methods/shape.ts'
export type { ImportChange, KeptUser } from './methods/transfer.ts'
export type { UsageRow } from './methods/usage.ts'
export { type User, user } from './methods/users.ts'
export { type Watch, type WatchNotice, watch, watchNotice } from './methods/watches.ts'
export type { Range, RecentRange, Role } from './vocabulary.ts'
