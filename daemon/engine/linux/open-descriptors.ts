import { close } from '../../os/libc.ts'
import { resetOnClose } from '../../os/socket.ts'

/** A process may have more descriptors, but not a loop: the kernel always gives the lowest that is free. */
const most = 1 << 22

/**
 * The descriptors that a loop has open beside its sessions' halves, in shared memory: if it dies, the main thread closes them. A
 * byte for each there can be; of those that nobody has touched the kernel keeps none.
 */
export class OpenDescriptors {
  readonly #open: Uint8Array

  constructor(memory: SharedArrayBuffer) {
    this.#open = new Uint8Array(memory)
  }

  /** `limit`: how many descriptors the process may have. */
  static memory(limit: number): SharedArrayBuffer {
    return new SharedArrayBuffer(Math.min(limit, most))
  }

  add(fd: number): void {
    this.#open[fd] = 1
  }

  /** It is another's from now on, or is about to be closed. */
  delete(fd: number): void {
    this.#open[fd] = 0
  }

  /** The loop has died: closes all but these, connections with an RST. */
  closeAll(kept: ReadonlySet<number>): void {
    for (let fd = this.#open.indexOf(1); fd >= 0; fd = this.#open.indexOf(1, fd + 1)) {
      if (kept.has(fd)) continue
      this.#open[fd] = 0
      resetOnClose(fd)
      close(fd)
    }
  }
}
