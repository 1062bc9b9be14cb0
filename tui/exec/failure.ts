import { UsageError } from '../../shared/commands/usage.ts'
import { type ErrorKind, RpcError } from '../../shared/protocol/errors.ts'
import { withMend } from '../advice.ts'
import { ConnectionError } from '../client/index.ts'

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

/** Translate what a command threw; what is no refusal, no mistake and no lost connection is a fault and thrown again. */
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
    if (error.kind === 'call' || error.code === 'tls_file') return new Failure(exitStatus.usage, withMend(error))
    return new Failure(
      error.kind === 'login' ? exitStatus.login : exitStatus.connection,
      error.kind === 'timeout' ? `${error.message}; --timeout gives it longer` : withMend(error),
    )
  }
  throw error
}

function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}; ${hint}`
}
