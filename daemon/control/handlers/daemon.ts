import { RpcError } from '../../../shared/protocol/errors.ts'
import type { Lifecycle } from '../backend.ts'
import type { Handlers } from '../dispatch.ts'

/** How operators end the daemon. */
export function daemonHandlers(lifecycle: Lifecycle): Pick<Handlers, 'daemon.drain' | 'daemon.shutdown'> {
  return {
    'daemon.drain': () => {
      if (!lifecycle.drain()) throw new RpcError('draining', 'the daemon drains already')
      return {}
    },
    'daemon.shutdown': () => {
      lifecycle.shutdown()
      return {}
    },
  }
}
