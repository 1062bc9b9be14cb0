import { RpcError } from '../../../shared/protocol/errors.ts'
import type { Result } from '../../../shared/protocol/methods.ts'
import type { Backend } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { describeProtocol } from './describe.ts'

/** What the daemon is, what it understands, and how operators end it. */
export function daemonHandlers(backend: Backend): HandlersOf<'daemon' | 'rpc' | 'status'> {
  let description: Result<'rpc.describe'> | undefined
  return {
    'status.get': () => backend.status(),
    'daemon.drain': () => {
      if (!backend.lifecycle.drain()) throw new RpcError('draining', 'the daemon drains already')
      return {}
    },
    'daemon.shutdown': () => {
      backend.lifecycle.shutdown()
      return {}
    },
    'rpc.describe': () => (description ??= describeProtocol()),
  }
}
