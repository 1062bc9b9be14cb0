import { Socket } from 'node:net'
import { unmapped } from '../../net/address.ts'
import { joined, nothing } from '../../socks/conversation.ts'
import { Reason } from '../session-table.ts'
import { Direction } from '../shared/limit-lines.ts'
import { shortHead } from '../shared/long-heads.ts'
import type { Dialled } from './dialled.ts'
import { bufferBytes, readIntoOwnBuffer, wholeRead } from './own-buffer.ts'
import { Flow } from './pacer.ts'
import type { Session } from './session.ts'

/**
 * Bytes that are read from a side into its own buffer between two looks at what else has come: as long as there is more, libuv goes on for 32 times what
 * it reads at once. Long turns cost the least; in short ones nobody has to wait for long who talks.
 */
const longTurn = 128 * 1024
const shortTurn = bufferBytes
/** For how long after somebody who talks has said something turns are short, in milliseconds. */
const talkLasts = 50

/** Hears of bytes when the kernel has taken them. */
type Delivered = (bytes: number) => void

/** What goes on of what has come; undefined if the session is over for it. */
type Pass = (bytes: Uint8Array) => Uint8Array | undefined

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
  if (target instanceof Socket) moveStream(session, Direction.down, [target, client], delivered)
  else moveDialled(session, target, delivered)
  client.resume()
}

/**
 * Moves what `from` says to `to`, its end included. Back-pressure: while `to` has more to send than its stream's
 * high-water mark, or a limit wants to be waited for, `from` is not read, so a direction never holds more than the two marks
 * and a chunk. Who says much is read into a buffer of its own from then on.
 */
function moveStream(
  session: Session,
  direction: Direction,
  [from, to]: readonly [Socket, Socket],
  delivered: Delivered,
): void {
  const { context, row } = session
  const { paused, pacer } = context
  const pass: Pass = direction === Direction.up ? (bytes) => bounded(session, bytes) : (bytes) => bytes
  const goOn = () => {
    if (to.writableNeedDrain || flow.isWaiting) return
    paused.delete(from)
    from.resume()
  }
  const flow = new Flow(row, direction, goOn)
  /** Whether it has said little before. */
  let talks = false
  /** Undefined until it is known whether Node lets us. */
  let isBuffered: boolean | undefined
  from.on('data', (chunk: Buffer) => {
    if (direction === Direction.up && chunk.length < wholeRead) {
      if (talks) context.talkAt = performance.now()
      talks = true
    }
    const granted = pacer.grant(flow, chunk.length, from.readableLength)
    const isWhole = granted === chunk.length
    const part = isWhole ? chunk : chunk.subarray(0, granted)
    const said = pass(part)
    if (!said) return
    if (said.length > 0)
      to.write(said, (error) => {
        if (!error) delivered(said.length)
      })
    if (isWhole && chunk.length >= wholeRead && from.readableLength === 0) isBuffered ??= goOnBuffered()
    if (isBuffered) return
    if (isWhole && !to.writableNeedDrain) return
    from.pause()
    paused.add(from)
    // Whoever flows is told at once of what is put back, so it comes after the pause.
    if (!isWhole) from.unshift(chunk.subarray(granted))
    goOn()
  })
  to.on('drain', goOn)
  const goOnBuffered = () => {
    const isBuffered = readIntoOwnBuffer(from, context.buffers.lend(session), (bytes) => hear(bytes))
    if (!isBuffered) return false
    to.off('drain', goOn)
    const hear = moveBuffered(session, direction, [from, to], delivered, pass)
    return true
  }
  from.on('end', () => {
    session.halfClosed()
    to.end()
  })
  // Ahead of what ends the session, whose row is somebody else's then.
  from.prependListener('close', () => {
    paused.delete(from)
    pacer.forget(flow)
  })
}

/** Of what the client says, what is for the destination. */
function bounded(session: Session, bytes: Uint8Array): Uint8Array | undefined {
  const { bound } = session
  if (!bound) return bytes
  const passed = bound.pass(bytes)
  if (passed === bytes.length || bound.ignores(bytes.subarray(passed))) return bytes.subarray(0, passed)
  session.reset(Reason.reset)
  return undefined
}

/** Moves what the target says to the client, its end included. */
function moveDialled(session: Session, target: Dialled, delivered: Delivered): void {
  const { client } = session
  const from = target.socket
  const hear = moveBuffered(session, Direction.down, [from, client], delivered, (bytes) => edited(session, bytes))
  from.on('end', () => {
    session.halfClosed()
    // The server ends in the middle of its head.
    const rest = session.editor?.end()
    if (rest && rest.length > 0) client.write(rest, (error) => error || delivered(rest.length))
    client.end()
  })
  target.read(hear)
}

/**
 * Moves what is read from `from` into one buffer, its end not included. It is not read while the kernel has not taken all that is in there, or
 * a limit wants to be waited for. Returns what is to hear of each piece, and tells whether to read on.
 */
function moveBuffered(
  session: Session,
  direction: Direction,
  [from, to]: readonly [Socket, Socket],
  delivered: Delivered,
  pass: Pass,
): (bytes: Uint8Array) => boolean {
  const { context, row } = session
  const { paused, pacer } = context
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
  const flow = new Flow(row, direction, goOn)

  /** Most are taken before the call that says them returns, and are counted there. */
  const taken = (error?: Error | null) => {
    if (error || onTheirWay === 0 || to.writableLength > 0) return
    delivered(onTheirWay)
    onTheirWay = 0
    goOn()
  }

  const say = (bytes: Uint8Array) => {
    onTheirWay = bytes.length
    sinceLook += bytes.length
    to.write(bytes, taken)
    if (to.writableLength > 0 || to.errored) return
    delivered(onTheirWay)
    onTheirWay = 0
  }

  const isTurnOver = () =>
    sinceLook >= longTurn || (sinceLook >= shortTurn && performance.now() - context.talkAt < talkLasts)

  const hear = (bytes: Uint8Array): boolean => {
    const granted = pacer.grant(flow, bytes.length, 0)
    const said = granted > 0 ? pass(bytes.subarray(0, granted)) : nothing
    if (!said) return false
    if (said.length > 0) say(said)
    const isSaid = granted === bytes.length && onTheirWay === 0
    if (isSaid && !isTurnOver()) return true
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

  // Ahead of what ends the session, whose row is somebody else's then.
  from.prependListener('close', () => {
    paused.delete(from)
    pacer.forget(flow)
  })
  return hear
}

/** What goes on now of what the destination has said. */
function edited(session: Session, bytes: Uint8Array): Uint8Array {
  const { context, row, editor } = session
  if (!editor || editor.isOver) return bytes
  const { longHeads } = context
  const said = editor.edit(bytes)
  if (editor.hasSwitched) session.bound = undefined
  const waits = !editor.isOver && (editor.held <= shortHead || longHeads.take(row.slot, unmapped(row.client)))
  if (waits) return said
  longHeads.release(row.slot)
  return joined(said, editor.end())
}
