import type { Socket } from 'node:net'

/** Bytes that are read at once. */
export const bufferBytes = 32 * 1024

/** Bytes that a stream reads at once, if so many are there (libuv's choice). */
export const wholeRead = 64 * 1024

/** What the option `onread` of `net.connect` sets on a socket, in words of Node's that no documentation has. */
interface Internals {
  readonly _handle?: { readonly useUserBuffer?: (buffer: Uint8Array) => void } | null
  [symbol: symbol]: unknown
}

/**
 * From now on what comes is read into one buffer, a piece at a time, as with the option `onread` of `net.connect`, which Node has for
 * sockets that it dials only; `hear` tells whether to read on. Else each read takes 64 KiB anew, outside of the heap, and for the sake of that V8
 * marks the whole heap 20 times a GiB. Nothing may wait in the stream. Returns false, and does nothing, where Node is built otherwise.
 */
export function readIntoOwnBuffer(socket: Socket, hear: (bytes: Uint8Array) => boolean): boolean {
  const internals = socket as unknown as Internals
  const symbols = Object.getOwnPropertySymbols(socket)
  const own = symbols.find(({ description }) => description === 'kBuffer')
  const callback = symbols.find(({ description }) => description === 'kBufferCb')
  const give = internals._handle?.useUserBuffer
  if (own === undefined || callback === undefined || typeof give !== 'function') return false
  if (internals[own] !== null || internals[callback] !== null) return false
  const buffer = Buffer.allocUnsafeSlow(bufferBytes)
  internals[own] = buffer
  internals[callback] = (count: number) => hear(buffer.subarray(0, count))
  give.call(internals._handle, buffer)
  return true
}
