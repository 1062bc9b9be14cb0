/**
 * Why proxyd does not start: one line for people that names the cause and the mend. The status is the process's:
 * 2 for a mistake in how it was called or configured, 1 for what the machine refuses.
 */
export class Failure extends Error {
  readonly status: 1 | 2

  constructor(status: 1 | 2, message: string) {
    super(message)
    this.name = 'Failure'
    this.status = status
  }
}

/** The errno name of a system error, such as EACCES, or undefined if `error` is none. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
