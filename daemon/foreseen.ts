import { ControlStartError } from './control/start-error.ts'
import { TooFewDescriptors } from './engine/shared/descriptor-shares.ts'
import { EngineUnavailable, ForwardToSelf } from './engine/start.ts'
import { Failure } from './failure.ts'
import { Refusal } from './refusal.ts'

/** In words for people, if it is an error by which a part of the daemon refuses to start; undefined for a fault. */
export function foreseen(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error
  if (error instanceof ControlStartError) return new Failure(error.status, error.message)
  if (error instanceof EngineUnavailable) return new Failure(1, `${error.message}; ${error.mend}`)
  if (error instanceof ForwardToSelf) return new Failure(2, error.message)
  const isRefusal = error instanceof Refusal || error instanceof TooFewDescriptors
  return isRefusal ? new Failure(1, error.message) : undefined
}
