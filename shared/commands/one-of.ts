import { UsageError } from './usage-error.ts'

/** `text` if it is one of `choices`; throws `UsageError`, which lists them, if it is not. `what` stands for it. */
export function oneOf<const Choice extends string>(choices: readonly Choice[], text: string, what: string): Choice {
  const found = choices.find((choice) => choice === text)
  if (found === undefined) throw new UsageError(`${what} is one of ${choices.join(', ')}`)
  return found
}
