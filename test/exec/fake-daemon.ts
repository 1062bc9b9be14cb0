import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { RpcError } from '../../shared/protocol/errors.ts'
import { LineFramer } from '../../shared/protocol/framer.ts'
import { limits, protocolVersion } from '../../shared/protocol/limits.ts'
import { errorLine, eventLine, parseRequest, resultLine } from '../../shared/protocol/message.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

export interface FakeDaemon {
  /** Where it listens: a Unix socket. */
  readonly path: string
  /** Connections it has had. */
  readonly connections: number
  /** What was called after the login, in order. */
  readonly calls: readonly (readonly [method: string, params: unknown])[]
}

/** What a method is answered with: a result, a refusal, nothing at all, or the end of the connection. */
export type Answer = object | RpcError | 'silence' | 'hang up'

const welcome: Readonly<Record<string, object>> = {
  'session.start': { protocol: protocolVersion },
  'session.whoami': { name: 'local', role: 'admin', via: 'unix' },
}

/** A daemon that lets everybody in and then answers as a real one never would. It ends with the test. */
export async function startFakeDaemon(answer: (method: string) => Answer): Promise<FakeDaemon> {
  const path = join(await temporaryFolder(), 'fake.sock')
  const calls: [string, unknown][] = []
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
    socket.write(eventLine('hello', { protocol: [1, 0], instance: 'fake', auth: [], capabilities: [], limits: {} }))
    const framer = new LineFramer(limits.line)
    socket.on('data', (chunk) => {
      framer.feed(chunk)
      for (let line = framer.next(); line !== undefined; line = framer.next()) {
        const { id, method, params } = parseRequest(line)
        if (!welcome[method]) calls.push([method, params])
        const reply = welcome[method] ?? answer(method)
        if (reply === 'hang up') socket.end()
        else if (reply instanceof RpcError) socket.write(errorLine(id, reply))
        else if (reply !== 'silence') socket.write(resultLine(id, reply))
      }
    })
  }).listen(path)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return {
    path,
    calls,
    get connections() {
      return connections
    },
  }
}
