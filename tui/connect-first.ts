import { type Client, ConnectionError, type Target } from './client/client.ts'
import { type ConnectOptions, connect } from './client/connect.ts'

/**
 * Connect to the first of `targets` where a daemon listens. Rejects with a `ConnectionError`; if nothing listens at any
 * of them, its text names every try.
 */
export async function connectFirst(targets: readonly Target[], options: ConnectOptions): Promise<Client> {
  const tries: string[] = []
  for (const target of targets) {
    try {
      return await connect(target, options)
    } catch (error) {
      if (!(error instanceof ConnectionError) || error.kind !== 'unreachable') throw error
      tries.push(error.message)
    }
  }
  throw new ConnectionError('unreachable', `no proxyd reached: ${tries.join('; ')}`)
}
