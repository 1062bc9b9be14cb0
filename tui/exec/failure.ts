import { UsageError } from '../../shared/commands/usage.ts'
import { safeText } from '../../shared/format/safe-text.ts'
import { type ErrorKind, RpcError } from '../../shared/protocol/errors.ts'
import { ConnectionError, type ConnectionErrorCode } from '../client/index.ts'

/** Say something to the person, on stderr and in one line whatever is in it. If nobody reads that, so be it. */
export function tell(text: string): void {
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => {})
  process.stderr.write(`${safeText(text)}\n`)
}

/** Tell what went wrong, and who says so. */
export function complain(problem: string): void {
  tell(`proxy-tui: ${problem}`)
}

/** What the process ends with. */
export const exitStatus = { done: 0, refused: 1, usage: 2, connection: 3, login: 4, interrupted: 130 } as const

/** Why --exec stops: one line for people that names the cause and the mend, and the exit status. */
export class Failure extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'Failure'
    this.status = status
  }
}

/** What to do about a refusal that any command may meet. */
const generalHints: Readonly<Partial<Record<ErrorKind, string>>> = {
  busy: 'try again',
  forbidden: "'whoami' tells what this session may do",
  unsupported_version: "use the proxy-tui of the daemon's release",
}

/**
 * Translate what a command threw. What a daemon answers is taken as it comes, so what is none of its answers shows as a
 * TypeError or RangeError; anything else is a fault of ours and thrown again.
 */
export function failureOf(error: unknown, hints: Readonly<Partial<Record<ErrorKind, string>>> = {}): Failure {
  if (error instanceof UsageError) return new Failure(exitStatus.usage, error.message)
  if (error instanceof RpcError) {
    const login = error.kind === 'auth_failed' || error.kind === 'auth_required'
    return new Failure(
      login ? exitStatus.login : exitStatus.refused,
      withHint(error.message, hints[error.kind] ?? generalHints[error.kind]),
    )
  }
  if (error instanceof ConnectionError) {
    if (error.kind === 'call') return new Failure(exitStatus.usage, withMend(error))
    return new Failure(
      error.kind === 'login' ? exitStatus.login : exitStatus.connection,
      error.kind === 'timeout' ? `${error.message}; --timeout gives it longer` : withMend(error),
    )
  }
  if (error instanceof TypeError || error instanceof RangeError) {
    return new Failure(
      exitStatus.connection,
      "what the daemon answers makes no sense here; use the proxy-tui of the daemon's release",
    )
  }
  throw error
}

function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}; ${hint}`
}

/** What to do when a daemon is not reached or does not let us in, for whoever can choose our flags. */
const mends: Readonly<Partial<Record<ConnectionErrorCode, string>>> = {
  unreachable: "start it there with 'proxyd', or tell where it is with --host or --socket",
  busy: 'try again when another client has gone',
  not_proxyd: 'is it the right --port or --socket? Management is on 8080, with TLS on 8443, unless told otherwise',
  version: "use the proxy-tui of the daemon's release",
  malformed: "use the proxy-tui of the daemon's release, or do not trust what answers there",
  insecure_plaintext: 'use --tls and --operator NAME, or --insecure-plaintext where the way is safe',
  tls_needed: 'use --tls and --operator NAME',
  tls_untrusted: '--ca FILE gives it',
  tls_wrong_name: '--tls-name NAME tells whose it is, if you know that',
  tls_client_certificate: '--cert FILE and --key FILE give them',
  password: "an admin can set a new one with 'passwdoperator'",
  cookie_missing: 'name it with --cookie-file or --runtime-dir; where you have none, log in with --operator NAME',
  cookie_stale: 'name the right one with --cookie-file or --runtime-dir',
  socket_untrusted: 'name the right one with --runtime-dir or --socket',
  impostor: 'do not trust what answers there',
}

/** Why there is no connection, and what to do about it where that is known. */
export function withMend(error: ConnectionError): string {
  const mend = mends[error.code]
  return mend === undefined ? error.message : `${error.message}; ${mend}`
}
