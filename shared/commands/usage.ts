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

/** `text` if it is one of `choices`; throws `UsageError`, which lists them, if it is not. `what` stands for it. */
export function oneOf<const Choice extends string>(choices: readonly Choice[], text: string, what: string): Choice {
  const found = choices.find((choice) => choice === text)
  if (found === undefined) throw new UsageError(`${what} is one of ${choices.join(', ')}`)
  return found
}

/** The number that `text` is. Throws `UsageError`, which tells the bounds, if it is none from `least` to `most`. */
export function readCount(text: string, least: number, most: number): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(count >= least && count <= most)) throw new UsageError(`N is a number from ${least} to ${most}`)
  return count
}
