import { type Failure, type Refusal, refusalOf } from '../shared/refusals.ts'

/** Why a destination could not be reached. */
export class DialError extends Error {
  readonly code: Failure

  constructor(code: Failure) {
    super(`cannot reach the destination: ${code}`)
    this.name = 'DialError'
    this.code = code
  }
}

/** What came of an error of ours, or of node:net. */
export function refusalFor(error: unknown): Refusal {
  return refusalOf(String((error as { code?: unknown }).code))
}
