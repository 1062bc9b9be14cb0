import type { Socket } from 'node:net'
import type { Session } from './session.ts'

/** The session stands: moves what client and target say to one another until both have finished. */
export function relay(session: Session, target: Socket): void {
  const { client, row } = session
  session.stand()
  target.on('error', session.broken)
  move(session, client, target, (bytes) => {
    row.deliveredUp(bytes)
    session.touch()
  })
  move(session, target, client, (bytes) => {
    row.deliveredDown(bytes)
    session.touch()
  })
  for (const side of [client, target]) side.once('end', () => session.halfClosed())
  client.resume()
}

/**
 * Moves what `from` says to `to`, its end included. Back-pressure: while `to` has more to send than its stream's
 * high-water mark, `from` is not read, so a direction never holds more than the two marks and a chunk.
 * `delivered` hears of bytes when the kernel has taken them.
 */
function move({ context }: Session, from: Socket, to: Socket, delivered: (bytes: number) => void): void {
  const { paused } = context
  from.on('data', (chunk: Buffer) => {
    const room = to.write(chunk, (error) => {
      if (!error) delivered(chunk.length)
    })
    if (room) return
    from.pause()
    paused.add(from)
  })
  to.on('drain', () => {
    paused.delete(from)
    from.resume()
  })
  from.on('end', () => to.end())
  from.once('close', () => paused.delete(from))
}
