import fc from 'fast-check'
import { fuzz } from './campaign.ts'
import { inputs } from './input.ts'

/** Whatever an operator writes is understood, or refused with a sentence. */

/** Some of these pieces, one behind the other. */
function made(of: readonly string[]) {
  return fc.array(fc.constantFrom(...of), { maxLength: 24 }).map((pieces) => Buffer.from(pieces.join('')))
}

/** Texts of such pieces, and mutants of them, are read. */
export function check(name: string, of: readonly string[], read: (text: string) => void): void {
  fuzz({
    name,
    inputs: inputs(made(of)),
    runs: 5000,
    start:
      async () =>
      ({ said }) =>
        read(Buffer.from(said).toString()),
  })
}

/** What `read` gives; undefined if it refuses. */
export function understood<Result>(refusal: new (...given: never[]) => Error, read: () => Result): Result | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof refusal && error.message !== '') return undefined
    throw error
  }
}
