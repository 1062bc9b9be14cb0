/** A command that cannot be understood, so nothing of it was sent. Its text never repeats what may be a password. */
export class UsageError extends Error {
  /** Where in the line, in UTF-16 units from 0; undefined if the line as a whole is meant. */
  readonly position: number | undefined

  constructor(message: string, position?: number) {
    super(message)
    this.name = 'UsageError'
    this.position = position
  }
}
