import { AsyncLocalStorage } from 'node:async_hooks'
import type { Socket } from 'node:net'

/**
 * Faults of management end what they are faults of, and not the daemon: whatever begins as management, timers, promises and all that
 * come of them, is known as that when it fails.
 */

/** What a fault is one of. */
export interface Part {
  /** Ends it; undefined of management as a whole. */
  readonly end?: () => void
}

const parts = new AsyncLocalStorage<Part>()
const whole: Part = {}

/** What has failed, asked while an uncaught error is told; undefined: it is not management. */
export function failedPart(): Part | undefined {
  return parts.getStore()
}

/** What `act` gives; what it begins is management. */
export function asManagement<Value>(act: () => Value): Value {
  return parts.run(whole, act)
}

/** What `act` gives; a later fault in what it begins has `end` called, and does not end the daemon. */
export function contained<Value>(end: () => void, act: () => Value): Value {
  return parts.run({ end }, act)
}

/** Has observers hear. That one of them fails is management's fault, and not that of who tells. */
export function tellObservers<Told extends unknown[]>(
  observers: Iterable<(...told: Told) => void>,
  ...told: Told
): void {
  for (const observer of observers) withCare(whole, () => observer(...told))
}

/** Serves a connection of management: a fault in what comes of it ends it alone. */
export function serveContained(socket: Socket, serve: () => void): void {
  const part = { end: () => void socket.destroy() }
  const emit = socket.emit.bind(socket) as (...event: unknown[]) => boolean
  Object.assign(socket, { emit: (...event: unknown[]) => withCare(part, () => emit(...event)) })
  withCare(part, serve)
}

/** An error that is thrown at once would leave what it is one of before anybody hears of it. */
function withCare<Value>(part: Part, act: () => Value): Value | undefined {
  return parts.run(part, () => {
    try {
      return act()
    } catch (error) {
      setImmediate(() => {
        throw error
      })
      return undefined
    }
  })
}
