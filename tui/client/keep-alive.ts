import { now } from '../../shared/process-clock.ts'
import { ConnectionError } from './error.ts'
import type { Wire } from './wire.ts'

/**
 * Notice a peer that is gone without a word, as after a power cut: `every` milliseconds after the last byte it is asked
 * for a sign of life, and as many later it counts as lost.
 */
export function keepAlive(wire: Wire, every: number): void {
  /** When it was asked, if it has not been heard since. */
  let asked: number | null = null
  let timer = later(every)
  void wire.closed.then(() => clearTimeout(timer))

  function later(wait: number): NodeJS.Timeout {
    return setTimeout(look, wait).unref()
  }
  function look(): void {
    // If it was us who slept, its answer waits in the kernel: it is read before this goes on.
    if (asked === null) judge()
    else setImmediate(judge)
  }
  function judge(): void {
    const time = now()
    const quiet = time - wire.lastHeard
    if (asked !== null && wire.lastHeard <= asked) {
      wire.end(new ConnectionError('silent', `the daemon has not answered for ${Math.ceil(quiet / 1000)} s`))
    } else if (quiet < every) {
      asked = null
      timer = later(every - quiet)
    } else {
      asked = time
      // A refusal is an answer too, and of an end the wire tells.
      wire.call('session.ping', {}).catch(() => {})
      timer = later(every)
    }
  }
}
