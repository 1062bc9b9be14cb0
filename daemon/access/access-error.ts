/** Why the users given to a daemon cannot be served: one line for people, cause and mend, never with a password. */
export class AccessError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AccessError'
  }
}
