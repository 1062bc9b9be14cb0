import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { bytes } from './bytes.ts'
import { request } from './socks-client.ts'

/** A datagram that came, and from where. */
export interface Received {
  readonly data: Buffer
  readonly address: string
  readonly port: number
}

/** A UDP socket of a client or a target. Nothing that comes is lost: it is kept until it is asked for. */
export class DatagramPeer {
  readonly #socket: Socket
  readonly #received: Received[] = []
  readonly #claims: ((received: Received) => void)[] = []

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (data: Buffer, { address, port }: RemoteInfo) => {
      const claim = this.#claims.shift()
      if (claim) claim({ data, address, port })
      else this.#received.push({ data, address, port })
    })
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** The next datagram, in the order in which they come. */
  async next(): Promise<Received> {
    return this.#received.shift() ?? new Promise((resolve) => this.#claims.push(resolve))
  }

  /** Resolves when the kernel has taken it. */
  async send(data: Uint8Array | string, port: number, address: string): Promise<void> {
    await new Promise<void>((resolve, reject) =>
      this.#socket.send(data, port, address, (error) => (error ? reject(error) : resolve())),
    )
  }

  /** Frees the port. */
  async close(): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }
}

/** Opens a UDP socket on a loopback address, until the test is over. */
export async function openDatagrams(host = '127.0.0.1', port = 0): Promise<DatagramPeer> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  socket.bind(port, host)
  await once(socket, 'listening')
  let closed = false
  socket.once('close', () => {
    closed = true
  })
  onTestFinished(() => void (closed || socket.close()))
  return new DatagramPeer(socket)
}

/** A client's datagram to an address literal or a name (RFC 1928, section 7). */
export function wrapped(host: string, port: number, payload: string | Uint8Array): Uint8Array {
  return bytes(0, 0, 0, request(host, port).subarray(3), payload)
}
