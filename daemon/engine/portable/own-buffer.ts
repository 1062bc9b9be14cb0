import type { Socket } from 'node:net'

/** Bytes that are read at once. */
export const bufferBytes = 32 * 1024

/** Buffers kept for those who come next. */
export const mostKept = 64

/** Buffers that sockets are read into. They lie outside of the heap, and for new ones V8 would mark it, as for those of a stream. */
export class OwnBuffers {
  readonly #kept: Buffer[] = []

  /** One for a session, until all of its sockets have closed: what was read may be on its way for as long. */
  lend({ ended }: { readonly ended: Promise<void> }): Buffer {
    const buffer = this.#kept.pop() ?? Buffer.allocUnsafeSlow(bufferBytes)
    void ended.then(() => {
      if (this.#kept.length < mostKept) this.#kept.push(buffer)
    })
    return buffer
  }
}

/** Bytes that a stream reads at once, if so many are there (libuv's choice). */
export const wholeRead = 64 * 1024

/** What the option `onread` of `net.connect` sets on a socket, in words of Node's that no documentation has. */
interface Internals {
  readonly _handle?: { readonly useUserBuffer?: (buffer: Uint8Array) => void } | null
  [symbol: symbol]: unknown
}

/**
 * From now on what comes is read into this buffer, a piece at a time, as with the option `onread` of `net.connect`, which Node has for
 * sockets that it dials only; `hear` tells whether to read on. Else each read takes 64 KiB anew, outside of the heap, and for the sake of that V8
 * marks the whole heap 20 times a GiB. Nothing may wait in the stream. Returns false, and does nothing, where Node is built otherwise.
 */
export function readIntoOwnBuffer(socket: Socket, buffer: Buffer, hear: (bytes: Uint8Array) => boolean): boolean {
  const internals = socket as unknown as Internals
  const symbols = Object.getOwnPropertySymbols(socket)
  const own = symbols.find(({ description }) => description === 'kBuffer')
  const callback = symbols.find(({ description }) => description === 'kBufferCb')
  const give = internals._handle?.useUserBuffer
  if (own === undefined || callback === undefined || typeof give !== 'function') return false
  if (internals[own] !== null || internals[callback] !== null) return false
  internals[own] = buffer
  internals[callback] = (count: number) => hear(buffer.subarray(0, count))
  give.call(internals._handle, buffer)
  return true
}
