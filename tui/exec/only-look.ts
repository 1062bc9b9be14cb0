import { RpcError } from '../../shared/protocol/errors.ts'
import type { CallOptions, Client } from '../client/index.ts'

/**
 * Have the daemon keep this session from changing anything. Rejects with `RpcError` if it cannot: one from before there were
 * such sessions does not know what is asked.
 */
export async function onlyLook(call: Client['call'], options: CallOptions = {}): Promise<void> {
  try {
    await call('session.drop', { readOnly: true }, options)
  } catch (error) {
    if (!(error instanceof RpcError) || (error.kind !== 'invalid_params' && error.kind !== 'method_not_found'))
      throw error
    throw new RpcError(
      error.kind,
      'this daemon is too old for --read-only: it keeps no session from changing things; log in as a viewer instead',
    )
  }
}
