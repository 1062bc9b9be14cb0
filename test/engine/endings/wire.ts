import { close, errno, recv, send, setsockopt } from '../../../daemon/os/libc.ts'
import { finish, MSG_NOSIGNAL, MSG_PEEK, MSG_TRUNC, resetOnClose } from '../../../daemon/os/socket.ts'

const SOL_SOCKET = 1
const SO_RCVBUF = 8

const noise = new Uint8Array(256 * 1024).fill(0x2e)
const scratch = new Uint8Array(64)

/** One end of a connection, of either side. Nothing here waits: what cannot be done now is tried at the next event. */
export class Wire {
  readonly fd: number
  /** Bytes of payload, those of the negotiation left out. */
  sent = 0
  received = 0
  /** How the other side has ended, once it has. */
  end: 'FIN' | 'broken' | undefined
  #closed = false

  constructor(fd: number) {
    this.fd = fd
  }

  /** Send what the kernel takes of `length` bytes of payload; returns how many. */
  send(length: number): number {
    const count = send(this.fd, noise, Math.min(length, noise.length), MSG_NOSIGNAL)
    if (count < 0 && count !== -errno.EAGAIN) this.end = 'broken'
    if (count <= 0) return 0
    this.sent += count
    return count
  }

  /** Take at most `most` bytes of payload and forget them; returns how many, 0 for none or the end. */
  receive(most: number): number {
    const count = this.#recv(noise, most, MSG_TRUNC)
    this.received += count
    return count
  }

  /** Send a message of the negotiation; false if it cannot go yet, or not any more. */
  say(message: Uint8Array): boolean {
    const count = send(this.fd, message, message.length, MSG_NOSIGNAL)
    if (count < 0 && count !== -errno.EAGAIN) this.end = 'broken'
    return count === message.length
  }

  /** Take at most `most` bytes of the negotiation. */
  hear(most: number): Uint8Array {
    return scratch.slice(0, this.#recv(scratch, most, 0))
  }

  /** Whether the other side has ended and left nothing to read. */
  isOver(): boolean {
    const count = recv(this.fd, scratch, 1, MSG_PEEK)
    if (count === 0) this.end = 'FIN'
    else if (count < 0 && count !== -errno.EAGAIN) this.end = 'broken'
    return this.end !== undefined
  }

  /** Have the kernel keep little for us, so that the sender is soon stuck. */
  keepLittle(): void {
    setsockopt(this.fd, SOL_SOCKET, SO_RCVBUF, Int32Array.of(4096), 4)
  }

  finish(): void {
    finish(this.fd)
  }

  /** Go with an RST. */
  reset(): void {
    resetOnClose(this.fd)
    this.close()
  }

  close(): void {
    if (!this.#closed) close(this.fd)
    this.#closed = true
  }

  #recv(buffer: Uint8Array, most: number, flags: number): number {
    if (this.end !== undefined) return 0
    const count = recv(this.fd, buffer, most, flags)
    if (count === 0) this.end = 'FIN'
    else if (count < 0 && count !== -errno.EAGAIN) this.end = 'broken'
    return Math.max(0, count)
  }
}
