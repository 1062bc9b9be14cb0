import type { Socket } from 'node:net'
import { Reason } from '../session-table.ts'
import { Direction } from '../shared/limit-lines.ts'
import { Flow } from './pacer.ts'
import type { Session } from './session.ts'

/** The session stands: moves what client and target say to one another until both have finished. */
export function relay(session: Session, target: Socket): void {
  const { client, row } = session
  session.stand()
  target.on('error', session.broken)
  move(session, Direction.up, [client, target], (bytes) => {
    row.deliveredUp(bytes)
    session.touch()
  })
  move(session, Direction.down, [target, client], (bytes) => {
    row.deliveredDown(bytes)
    session.touch()
  })
  for (const side of [client, target]) side.once('end', () => session.halfClosed())
  client.resume()
}

/**
 * Moves what `from` says to `to`, its end included. Back-pressure: while `to` has more to send than its stream's
 * high-water mark, or a limit wants to be waited for, `from` is not read, so a direction never holds more than the two marks
 * and a chunk. `delivered` hears of bytes when the kernel has taken them.
 */
function move(
  session: Session,
  direction: Direction,
  [from, to]: readonly [Socket, Socket],
  delivered: (bytes: number) => void,
): void {
  const { context, row } = session
  const { paused, pacer } = context
  const bound = direction === Direction.up ? session.bound : undefined
  const goOn = () => {
    if (to.writableNeedDrain || flow.isWaiting) return
    paused.delete(from)
    from.resume()
  }
  const flow = new Flow(row, direction, goOn)
  from.on('data', (chunk: Buffer) => {
    const granted = pacer.grant(flow, chunk.length, from.readableLength)
    const isWhole = granted === chunk.length
    const part = isWhole ? chunk : chunk.subarray(0, granted)
    if (bound && bound.pass(part) < granted) return session.reset(Reason.reset)
    if (granted > 0)
      to.write(part, (error) => {
        if (!error) delivered(granted)
      })
    if (isWhole && !to.writableNeedDrain) return
    from.pause()
    paused.add(from)
    // Whoever flows is told at once of what is put back, so it comes after the pause.
    if (!isWhole) from.unshift(chunk.subarray(granted))
    goOn()
  })
  to.on('drain', goOn)
  from.on('end', () => to.end())
  // Ahead of what ends the session, whose row is somebody else's then.
  from.prependOnceListener('close', () => {
    paused.delete(from)
    pacer.forget(flow)
  })
}
