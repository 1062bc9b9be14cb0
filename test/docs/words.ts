import type { ErrorKind } from '../../shared/protocol/errors.ts'
import type { Limits } from '../../shared/protocol/limits.ts'
import type { Role } from '../../shared/protocol/methods.ts'

/** What PROTOCOL.md says of each limit of the greeting: a new one does not compile without words. */
export const limitWords: Readonly<Record<keyof Limits, string>> = {
  lineBeforeLogin: 'bytes in one line before login, without its LF',
  line: 'bytes in one line after login, without its LF',
  nesting: 'arrays and objects inside each other',
  values: 'values in one request',
  id: 'characters in an `id`, if it is a string',
  inFlight: 'requests without a reply yet; then the daemon stops reading',
  clients: 'management connections at once that are logged in; Unix socket, TCP and TLS count apart',
  clientsKept: 'of those, kept for admins',
  clientsOfOperator: 'management connections at once of one named operator',
  clientsBeforeLogin:
    'management connections at once that are not logged in, counted apart in the same way; a newcomer takes the place of the one that came first ' +
    '(by TCP on Linux: of the user who has most) or, with TLS, of the one that has got least far towards a login, of the address (or /64 network) that has most',
  loginTime: 'milliseconds to log in',
  idle: 'milliseconds without a request after which a client without a subscription is let go',
  loginFailures:
    'failed logins a minute: with TLS of one address, or one /64 network of IPv6; on plain TCP as one operator. The right cookie is never refused',
  loginFailureDelay: 'milliseconds before a failed login is answered',
  unsentPush: 'unsent bytes at which events wait',
  unsent: 'unsent bytes at which the daemon lets a slow client go',
  unsentLog: 'log entries that wait for a slow client; then the oldest go',
  stall: 'milliseconds in which a slow client must have read something, or it is let go',
  page: 'rows in one page of a list or a snapshot, if that many fit into a line',
}

/** When a client hears of each kind of error, and what to do. */
export const errorWords: Readonly<Record<ErrorKind, string>> = {
  parse_error: 'A line is not JSON or not UTF-8. Before login the connection ends.',
  invalid_request:
    'JSON, but no request of this protocol: ends it too, before login. Or another method before `session.start`: start, then try again.',
  method_not_found: 'There is no such method in this version.',
  invalid_params: 'Unknown, missing or wrong parameters; `data.faults` lists them as `{path, message}`.',
  internal_error: "A fault of the daemon; its log tells more. Treat kinds that you don't know like this one.",
  auth_required: 'Log in first.',
  auth_failed:
    'Unknown name or wrong password, which of them is not told; or the login was out of order. Ends the connection.',
  forbidden: 'This login has not the role for it, or has given up changing anything.',
  rate_limited:
    'Too many failed logins from this address, or as this operator; try again in a minute. Ends the connection.',
  busy:
    'No place for another client of this kind, told as the login ends. Or this one had not logged in yet and another got its place, which is told ' +
    'with the `id` null, in a TLS handshake by the end of the connection alone. Ends the connection; try again later.',
  too_large: 'A line is too long. Ends the connection.',
  not_found: 'There is no user or operator of that name.',
  exists: 'There is one of that name already.',
  conflict: 'It does not fit the present state, which the text tells; look again, then decide.',
  draining: 'The daemon drains already.',
  unavailable:
    'The store or machine of the daemon does not do it, so nothing has changed; of the store `health.store` of `status.get` tells more.',
  unsupported_version: 'Another major version; `data.supported` lists those that the daemon speaks.',
}

/** What a caller of each role is for. */
export const roleWords: Readonly<Record<Role, string>> = {
  anyone: 'whoever has connected, before login',
  viewer: 'looks at status, settings and metrics, not at who connects where',
  operator: 'keeps it going: sees and cuts connections, locks users out, follows the log, drains and takes that back',
  admin: 'may do everything',
}
