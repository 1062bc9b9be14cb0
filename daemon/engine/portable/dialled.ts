import { connect, type NetConnectOpts, type Socket } from 'node:net'

/**
 * A connection to a target, which is not read from yet. What comes is read into one buffer: a stream takes memory anew for each
 * read, which makes twice the work of it.
 */
export class Dialled {
  readonly socket: Socket
  #hear: (bytes: Uint8Array) => boolean = () => false

  constructor(options: NetConnectOpts, buffer: Buffer) {
    const callback = (count: number) => this.#hear(buffer.subarray(0, count))
    this.socket = connect({ ...options, onread: { buffer, callback } })
    this.socket.pause()
  }

  /** What comes, a piece at a time; `hear` tells whether to read on. The bytes, and an end, stay until the socket is resumed. */
  read(hear: (bytes: Uint8Array) => boolean): void {
    this.#hear = hear
    this.socket.resume()
  }
}
