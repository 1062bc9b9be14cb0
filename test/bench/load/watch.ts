/** The viewer: follow metrics and connections as proxy-tui does. Resolves once proxyd has agreed to both. */
export async function watch(socket: string): Promise<void> {
  // Loaded for this load only: the others start sooner without it.
  const { connect } = await import('../../../tui/client/index.ts')
  const client = await connect({ kind: 'unix', path: socket }, { timeoutMs: 5000 })
  client.on('metrics.sample', () => {})
  client.on('connections.changed', () => {})
  await client.call('metrics.subscribe', { history: 0 })
  await client.call('connections.subscribe', {})
}
