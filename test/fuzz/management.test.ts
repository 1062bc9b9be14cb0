import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { expect } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { fuzz } from './campaign.ts'
import { inputs, pieces } from './input.ts'

/** Nothing here changes the daemon. */
const methods = [
  'session.ping',
  'session.whoami',
  'status.get',
  'users.list',
  'connections.list',
  'config.get',
  'rpc.describe',
  'metrics.subscribe',
  'metrics.unsubscribe',
]
const params = fc.oneof(
  fc.constantFrom({}, { limit: 1 }, { limit: 500, cursor: '1' }, { limit: -1 }, [], null),
  fc.object({ maxDepth: 2, maxKeys: 3 }),
)
const request = fc.record({
  id: fc.oneof(fc.nat(9), fc.string(), fc.constant(null)),
  method: fc.constantFrom(...methods),
  params,
})
const start = { id: 0, method: 'session.start', params: { protocol: [1, 0], client: 'test' } }
const conversations = fc
  .tuple(fc.constantFrom([start], [start], [start], []), fc.array(request, { maxLength: 4 }))
  .map(([first, requests]) => [...first, ...requests].map((each) => `${JSON.stringify({ jsonrpc: '2.0', ...each })}\n`))
  .map((lines) => Uint8Array.from(Buffer.from(lines.join(''))))

/** All that the daemon sends to a client that finishes behind its last piece. */
async function converse(path: string, said: readonly Uint8Array[]): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true }).setEncoding('utf8')
  let heard = ''
  socket.on('data', (text) => {
    heard += text
  })
  // It may hang up before it has heard all.
  socket.on('error', () => {})
  for (const piece of said) socket.write(piece)
  socket.end()
  await once(socket, 'close')
  return heard
}

fuzz({
  name: 'management',
  inputs: inputs(conversations),
  runs: 200,
  async start() {
    const daemon = await startDaemon()
    return async (input) => {
      const heard = await converse(`${daemon.folders.runtime}/proxyd.sock`, pieces(input))
      const lines = heard.split('\n')
      expect(lines.pop(), 'behind the last line').toBe('')
      const messages = lines.map((line) => JSON.parse(line))
      expect(messages[0]).toMatchObject({ jsonrpc: '2.0', method: 'hello' })
      for (const { error } of messages) expect(error?.data?.kind).not.toBe('internal_error')
    }
  },
})
