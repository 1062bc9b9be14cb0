import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

/** One end of a TCP connection, to be read as exactly as a test wants. What nobody reads is left to back-pressure. */
export class Peer {
  readonly socket: Socket
  /** Resolves when the connection is over: to 'closed' after a FIN each way or a destroy of ours, or to the error's code. */
  readonly ending: Promise<string>
  /** Resolves when there may be more to read, or nothing ever. */
  #news = Promise.withResolvers<void>()

  constructor(socket: Socket) {
    this.socket = socket
    let code = 'closed'
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code ?? error.message
    })
    this.ending = new Promise((resolve) => socket.once('close', () => resolve(code)))
    // For good: a listener that comes when something is there already is called at once, again and again.
    for (const event of ['readable', 'end', 'close']) socket.on(event, () => this.#news.resolve())
    onTestFinished(() => void socket.destroy())
  }

  /** The next `count` bytes. Rejects if the other side ends before. */
  async read(count: number): Promise<Buffer> {
    for (;;) {
      const bytes: Buffer | null = this.socket.read(count)
      if (bytes?.length === count) return bytes
      if (bytes || this.#isOver) throw new Error(`ended before ${count} bytes`)
      await this.#change()
    }
  }

  async readText(count: number): Promise<string> {
    return (await this.read(count)).toString('latin1')
  }

  async readHex(count: number): Promise<string> {
    return (await this.read(count)).toString('hex')
  }

  /** All that comes until the other side's FIN. Rejects if the connection breaks before. */
  async readToEnd(): Promise<Buffer> {
    const chunks: Buffer[] = []
    while (!this.socket.readableEnded) {
      const bytes: Buffer | null = this.socket.read()
      if (bytes) chunks.push(bytes)
      else if (this.#isOver) throw new Error(`broken: ${await this.ending}`)
      else await this.#change()
    }
    return Buffer.concat(chunks)
  }

  async readTextToEnd(): Promise<string> {
    return (await this.readToEnd()).toString('latin1')
  }

  /** Reads and forgets what still comes; resolves to 'FIN' when the other side finishes, else to the error's code. */
  async discard(): Promise<string> {
    while (!this.#isOver) if (this.socket.read() === null) await this.#change()
    return this.socket.readableEnded ? 'FIN' : this.ending
  }

  write(bytes: Uint8Array | string): void {
    this.socket.write(bytes)
  }

  /** As `write`; resolves when the kernel has taken it all, and rejects if it will not. */
  async flush(bytes: Uint8Array): Promise<void> {
    await promisify<Uint8Array>(this.socket.write).call(this.socket, bytes)
  }

  /** Sends a FIN, after what was written. */
  finish(): void {
    this.socket.end()
  }

  /** Sends an RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  get #isOver(): boolean {
    return this.socket.readableEnded || this.socket.closed
  }

  async #change(): Promise<void> {
    await this.#news.promise
    this.#news = Promise.withResolvers()
  }
}

/** Connects to a server, perhaps from an address and a port of ours. Both ends may finish on their own. Rejects with the connect's error. */
export async function connectPeer(
  host: string,
  port: number,
  localAddress?: string,
  localPort?: number,
): Promise<Peer> {
  const socket = connect({ host, port, localAddress, localPort, allowHalfOpen: true, noDelay: true })
  const peer = new Peer(socket)
  await once(socket, 'connect')
  return peer
}
