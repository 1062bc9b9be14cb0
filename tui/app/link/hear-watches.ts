import { RpcError } from '../../../shared/protocol/errors.ts'
import type { WatchNotice } from '../../../shared/protocol/methods.ts'
import type { Client } from '../../client/index.ts'

/** Hears what a daemon's watches tell, as long as the connection lasts. Rejects as `Client.call` does. */
export async function hearWatches(client: Client, tell: (notice: WatchNotice) => void): Promise<void> {
  client.on('watches.notices', ({ notices }) => notices.forEach(tell))
  try {
    await client.call('watches.subscribe', {})
  } catch (error) {
    // A daemon from before there were watches.
    if (!(error instanceof RpcError) || error.kind !== 'method_not_found') throw error
  }
}
