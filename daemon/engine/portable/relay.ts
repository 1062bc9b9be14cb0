import type { Socket } from 'node:net'

/**
 * Moves what `from` says to `to`, its end included. Back-pressure: while `to` has more to send than its stream's
 * high-water mark, `from` is not read, so a direction never holds more than the two marks and a chunk.
 * `delivered` hears of bytes when the kernel has taken them.
 */
export function relay(from: Socket, to: Socket, delivered: (bytes: number) => void): void {
  from.on('data', (chunk: Buffer) => {
    const room = to.write(chunk, (error) => {
      if (!error) delivered(chunk.length)
    })
    if (!room) from.pause()
  })
  to.on('drain', () => from.resume())
  from.on('end', () => to.end())
}
