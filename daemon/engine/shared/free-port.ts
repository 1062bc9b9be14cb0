import type { Endpoint } from '../../net/endpoint.ts'
import { ListenError } from '../engine.ts'

/** How often one is looked for. */
const attempts = 10

/**
 * Whether to listen anew after an error, at the `attempt`th attempt, which counts from 1: a port that is free on one
 * address may be taken on the next, where one port is to serve for all.
 */
export function triesAnotherPort(error: unknown, endpoints: readonly Endpoint[], attempt: number): boolean {
  const isTaken = error instanceof ListenError && error.code === 'EADDRINUSE'
  return isTaken && attempt < attempts && endpoints.some(({ port }) => port === 0)
}
