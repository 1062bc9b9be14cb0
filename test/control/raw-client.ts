import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { cookieUser } from '../../shared/protocol/limits.ts'
import { beginClient } from '../../shared/protocol/scram.ts'
import type { Control } from './start-control.ts'

/** What a test looks at in a line from the daemon. */
export interface Line {
  readonly id?: string | number | null
  readonly method?: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever the daemon sent; the test says what it should be
  readonly params?: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly result?: any
  readonly error?: { readonly code: number; readonly message: string; readonly data: { readonly kind: string } }
}

/** A client that sends what it is told to, byte for byte, and reads line by line. */
export class RawClient {
  readonly socket: Socket
  /** Resolves when both sides are closed, to whether that was by a reset. */
  readonly closed: Promise<boolean>
  readonly #lines: AsyncIterator<Line>
  #lastId = 0

  constructor(socket: Socket) {
    this.socket = socket
    this.#lines = linesOf(socket)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.closed = promise
    let isReset = false
    socket.on('error', () => {
      isReset = true
    })
    socket.on('close', () => resolve(isReset))
  }

  send(...lines: (string | object)[]): void {
    this.socket.write(lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''))
  }

  /** Send a request; gives its id. */
  request(method: string, params: object = {}, id: string | number = ++this.#lastId): string | number {
    this.send({ jsonrpc: '2.0', id, method, params })
    return id
  }

  /** Send a request and wait for its reply; events before it are skipped. */
  async call(method: string, params: object = {}): Promise<Line> {
    const id = this.request(method, params)
    for (;;) {
      const line = await this.next()
      if (line === undefined) throw new Error(`the connection ended before the reply to ${method}`)
      if (line.id === id) return line
    }
  }

  /** The next line; undefined when the daemon has finished sending. */
  async next(): Promise<Line | undefined> {
    const { value, done } = await this.#lines.next()
    return done ? undefined : value
  }

  /** All lines until the daemon has finished sending. */
  async rest(): Promise<Line[]> {
    const lines: Line[] = []
    for (let line = await this.next(); line !== undefined; line = await this.next()) lines.push(line)
    return lines
  }
}

async function* linesOf(socket: Socket): AsyncGenerator<Line> {
  let text = ''
  try {
    for await (const chunk of socket.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      const lines = (text + chunk).split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line)
    }
  } catch {
    // A reset ends it too; `closed` tells of it.
  }
}

/** Connect and read the greeting. */
export async function greeted(to: NetConnectOpts): Promise<RawClient> {
  const client = await connected(to)
  const hello = await client.next()
  if (hello?.method !== 'hello') throw new Error(`not greeted but told ${JSON.stringify(hello)}`)
  return client
}

export async function connected(to: NetConnectOpts): Promise<RawClient> {
  const client = new RawClient(connect({ allowHalfOpen: true, noDelay: true, ...to }))
  onTestFinished(() => void client.socket.destroy())
  await once(client.socket, 'connect')
  return client
}

/** Connect by the Unix socket, as an admin. */
export async function entered({ server }: Control): Promise<RawClient> {
  const client = await greeted({ path: server.unixPath })
  await started(client)
  return client
}

export async function started(client: RawClient): Promise<void> {
  const { error } = await client.call('session.start', { protocol: [1, 0], client: 'test' })
  if (error) throw new Error(error.message)
}

/** Log in over TCP with the cookie, or a password of the test's; gives the last reply. */
export async function logIn(client: RawClient, password: string, user: string = cookieUser): Promise<Line> {
  const exchange = beginClient(user)
  const challenge = await client.call('auth.begin', { mechanism: 'SCRAM-SHA-256', message: exchange.message })
  if (challenge.error) return challenge
  return client.call('auth.finish', { message: exchange.answer(challenge.result.message, password).message })
}

export function cookieOf({ cookieFile }: Control): string {
  return readFileSync(cookieFile, 'latin1')
}
