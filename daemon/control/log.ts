/** Where the management server tells of what it does; a pino logger is one. */
export interface Log {
  info(message: string): void
  warn(message: string): void
  error(error: unknown, message: string): void
}
