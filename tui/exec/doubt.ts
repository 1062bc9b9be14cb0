import { ConnectionError } from '../client/index.ts'

/** Methods that only look, by how they are named. */
const looking = /^(session|auth|rpc|metrics)\.|\.(list|get|closed|test|users|export|subscribe|unsubscribe)$/

/** Whether a request has the daemon change something. */
export function isChange(method: string, params: object): boolean {
  return !looking.test(method) && !('dryRun' in params && params.dryRun)
}

/** Why a call that was sent has no answer: of a change nobody knows then whether it was made. */
export function doubtful(error: unknown, method: string, params: object): unknown {
  if (!(error instanceof ConnectionError) || !isChange(method, params)) return error
  return new ConnectionError(error.code, `${error.message}; so it may have been done or not`, { cause: error })
}
