import { vi } from 'vitest'
import { longestWait } from './patience.ts'

/** Waits for what no event tells, such as tables that other threads write; gives what the expectation gives once it holds. */
export function eventually<Result>(expectation: () => Result | Promise<Result>): Promise<Result> {
  return vi.waitFor(expectation, { timeout: longestWait, interval: 20 })
}
