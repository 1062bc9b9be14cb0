/**
 * `proxyd/client`: run a proxyd from a program of your own. `connect` or `followDaemon` gives a `Client`; its methods and
 * events are those of the management protocol.
 */

export type { ErrorKind } from '../../shared/protocol/errors.ts'
export { RpcError } from '../../shared/protocol/errors.ts'
export type {
  Ban,
  Connection,
  EventName,
  EventParams,
  LogEntry,
  Method,
  Operator,
  Params,
  Result,
  Role,
  Rule,
  Sample,
  Setting,
  User,
} from '../../shared/protocol/methods.ts'
export type { CallOptions, Client, EventOptions, EventStream } from './client.ts'
export { connect } from './connect.ts'
export { ConnectionError, type ConnectionErrorCode, type ConnectionErrorKind } from './error.ts'
export { type BanChange, type BanListener, followBans } from './follow-bans.ts'
export { type ConnectionChange, type ConnectionListener, changeRows, followConnections } from './follow-connections.ts'
export type { TableListener } from './follow-table.ts'
export { changeUsers, followUsers, type UserChange, type UserListener } from './follow-users.ts'
export type { ConnectOptions, Judge } from './options.ts'
export { type DaemonLink, followDaemon, type LinkState } from './reconnect.ts'
export {
  type CookieLogin,
  defaultPort,
  type Endpoint,
  localTargets,
  type OperatorLogin,
  type Pem,
  type Target,
  type TcpTarget,
  type TlsTarget,
  type UnixTarget,
} from './target.ts'
