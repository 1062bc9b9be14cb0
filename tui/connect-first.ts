import { type Client, ConnectionError, type Target } from './client/client.ts'
import { type ConnectOptions, connect } from './client/connect.ts'

/**
 * Connect to the first of `targets` where something listens. Rejects with a `ConnectionError` whose text names every
 * try, and whose kind is that of the last.
 */
export async function connectFirst(targets: readonly Target[], options: ConnectOptions): Promise<Client> {
  const tries: string[] = []
  for (const target of targets) {
    try {
      return await connect(target, options)
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      tries.push(error.message)
      if (error.kind !== 'unreachable') throw new ConnectionError(error.kind, tries.join('; '))
    }
  }
  throw new ConnectionError('unreachable', `no proxyd reached: ${tries.join('; ')}`)
}
