import { connect, isIP } from 'node:net'
import { connect as secure } from 'node:tls'
import type pg from 'pg'
import type { Place } from './place.ts'

/** How a server's certificate is judged. */
export interface Tls {
  readonly rejectUnauthorized: true
  /** Authorities, in place of those that Node trusts. */
  ca?: string
}

/** PostgreSQL, Message Formats: CancelRequest and SSLRequest. */
const cancelRequest = 80_877_102
const tlsRequest = 80_877_103
/** Milliseconds without anything. */
const patience = 5_000

/**
 * Has the server give up what it was asked over a connection that is given up: it does not look whether anybody still waits for it, and
 * would wait for a lock, and hold one of its connections, for as long as somebody else keeps that. Over TLS if the connection was, for
 * whoever knows the secret in it may stop what is asked.
 */
export function cancel({ host, port }: Place, tls: Tls | undefined, client: pg.PoolClient): Promise<void> {
  const { processID, secretKey } = client as unknown as { readonly processID: number; readonly secretKey: number }
  const request = message(cancelRequest, processID, secretKey)
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
  socket.on('error', ignore).setTimeout(patience, () => socket.destroy())
  socket.unref()
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.once('close', () => resolve())
  if (!tls) {
    socket.end(request)
    return promise
  }
  socket.write(message(tlsRequest))
  socket.once('data', (answer) => {
    if (answer.toString() !== 'S') return void socket.destroy()
    const secured = secure({ ...tls, socket, host, ...(isIP(host) === 0 && { servername: host }) })
    secured.on('error', ignore).once('secureConnect', () => secured.end(request))
  })
  return promise
}

function message(...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * (words.length + 1))
  for (const [i, word] of [bytes.length, ...words].entries()) bytes.writeInt32BE(word, 4 * i)
  return bytes
}

function ignore(): void {}
