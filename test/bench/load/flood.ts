import { startFlood } from '../../helpers/flood.ts'

/** A flood of proxyd's management: so many connections a second by TCP, and clients by the Unix socket that read nothing. */
export async function flood(socket: string, rate: number): Promise<void> {
  // Loaded for this load only: the others start sooner without it.
  const { connect } = await import('../../../tui/client/index.ts')
  const client = await connect({ kind: 'unix', path: socket }, { timeoutMs: 5000 })
  const { listening } = await client.call('status.get', {})
  const address = listening.find(
    ({ service, address }) => service === 'control' && !address.startsWith('unix:'),
  )?.address
  client.close()
  startFlood({ port: Number(address?.split(':').at(-1)), unixPath: socket, rate })
}
