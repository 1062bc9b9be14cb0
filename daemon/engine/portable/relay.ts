import { Socket } from 'node:net'
import { unmapped } from '../../net/address.ts'
import { joined, nothing } from '../../socks/conversation.ts'
import { Reason } from '../session-table.ts'
import { Direction } from '../shared/limit-lines.ts'
import { shortHead } from '../shared/long-heads.ts'
import type { Dialled } from './dialled.ts'
import { Flow } from './pacer.ts'
import type { Session } from './session.ts'

/**
 * Bytes that are read from a target between two looks at what else has come: as long as there is more, libuv goes on for 32 times what
 * it reads at once.
 */
const turnBytes = 128 * 1024

/** Hears of bytes when the kernel has taken them. */
type Delivered = (bytes: number) => void

/** The session stands: moves what client and target say to one another until both have finished. */
export function relay(session: Session, target: Socket | Dialled): void {
  const { client, row } = session
  const targetSocket = target instanceof Socket ? target : target.socket
  session.stand()
  targetSocket.on('error', session.broken)
  moveStream(session, Direction.up, [client, targetSocket], (bytes) => {
    row.deliveredUp(bytes)
    session.touch()
  })
  const delivered = (bytes: number) => {
    row.deliveredDown(bytes)
    session.touch()
  }
  for (const side of [client, targetSocket]) side.once('end', () => session.halfClosed())
  if (target instanceof Socket) moveStream(session, Direction.down, [target, client], delivered)
  else moveDialled(session, target, delivered)
  client.resume()
}

/**
 * Moves what `from` says to `to`, its end included. Back-pressure: while `to` has more to send than its stream's
 * high-water mark, or a limit wants to be waited for, `from` is not read, so a direction never holds more than the two marks
 * and a chunk.
 */
function moveStream(
  session: Session,
  direction: Direction,
  [from, to]: readonly [Socket, Socket],
  delivered: Delivered,
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
    const passed = bound?.pass(part) ?? granted
    if (passed < granted && !bound?.ignores(part.subarray(passed))) return session.reset(Reason.reset)
    if (passed > 0)
      to.write(part.subarray(0, passed), (error) => {
        if (!error) delivered(passed)
      })
    if (isWhole && !to.writableNeedDrain) return
    from.pause()
    paused.add(from)
    // Whoever flows is told at once of what is put back, so it comes after the pause.
    if (!isWhole) from.unshift(chunk.subarray(granted))
    goOn()
  })
  to.on('drain', goOn)
  endWith([from, to], () => {
    paused.delete(from)
    pacer.forget(flow)
  })
}

/**
 * Moves what the target says to the client, its end included. It is read into one buffer, so it is not read while the kernel has not
 * taken all that is in there, or a limit wants to be waited for.
 */
function moveDialled(session: Session, target: Dialled, delivered: Delivered): void {
  const { context, row, client } = session
  const { paused, pacer } = context
  const from = target.socket
  /** Of what was read, what may not go on yet. */
  let kept: Uint8Array | undefined
  /** Bytes that the kernel has not taken yet. */
  let onTheirWay = 0
  let sinceLook = 0

  const goOn = () => {
    if (onTheirWay > 0 || flow.isWaiting || from.destroyed) return
    const rest = kept
    kept = undefined
    if (rest && !hear(rest)) return
    paused.delete(from)
    from.resume()
  }
  const flow = new Flow(row, Direction.down, goOn)

  /** Most are taken before the call that says them returns, and are counted there. */
  const taken = (error?: Error | null) => {
    if (error || onTheirWay === 0 || client.writableLength > 0) return
    delivered(onTheirWay)
    onTheirWay = 0
    goOn()
  }

  const say = (bytes: Uint8Array) => {
    onTheirWay = bytes.length
    sinceLook += bytes.length
    client.write(bytes, taken)
    if (client.writableLength > 0 || client.errored) return
    delivered(onTheirWay)
    onTheirWay = 0
  }

  const hear = (bytes: Uint8Array): boolean => {
    const granted = pacer.grant(flow, bytes.length, 0)
    const said = granted > 0 ? edited(session, bytes.subarray(0, granted)) : nothing
    if (said.length > 0) say(said)
    const isSaid = granted === bytes.length && onTheirWay === 0
    if (isSaid && sinceLook < turnBytes) return true
    from.pause()
    if (granted < bytes.length) kept = bytes.subarray(granted)
    if (isSaid) {
      sinceLook = 0
      setImmediate(goOn)
    } else {
      paused.add(from)
      // Behind this call, whose answer ends the reading.
      queueMicrotask(goOn)
    }
    return false
  }

  // The server ends in the middle of its head.
  from.on('end', () => {
    const rest = session.editor?.end()
    if (rest && rest.length > 0) client.write(rest, (error) => error || delivered(rest.length))
  })
  endWith([from, client], () => {
    paused.delete(from)
    pacer.forget(flow)
  })
  target.read(hear)
}

/** What goes on now of what the destination has said. */
function edited({ context, row, editor }: Session, bytes: Uint8Array): Uint8Array {
  if (!editor || editor.isOver) return bytes
  const { longHeads } = context
  const said = editor.edit(bytes)
  const waits = !editor.isOver && (editor.held <= shortHead || longHeads.take(row.slot, unmapped(row.client)))
  if (waits) return said
  longHeads.release(row.slot)
  return joined(said, editor.end())
}

function endWith([from, to]: readonly [Socket, Socket], forget: () => void): void {
  from.on('end', () => to.end())
  // Ahead of what ends the session, whose row is somebody else's then.
  from.prependOnceListener('close', forget)
}
