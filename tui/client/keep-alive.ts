import { ConnectionError } from './error.ts'
import type { Wire } from './wire.ts'

/**
 * Notice a peer that is gone without a word, as after a power cut: `every` milliseconds after the last byte it is asked
 * for a sign of life, and as many later it counts as lost.
 */
export function keepAlive(wire: Wire, every: number): void {
  let asked = false
  let timer = later(every)
  void wire.closed.then(() => clearTimeout(timer))

  function later(wait: number): NodeJS.Timeout {
    return setTimeout(look, wait).unref()
  }
  function look(): void {
    // If it was us who slept, its answer waits in the kernel: it is read before this goes on.
    if (asked) setImmediate(judge)
    else judge()
  }
  function judge(): void {
    const quiet = performance.now() - wire.lastHeard
    if (quiet < every) {
      asked = false
      timer = later(every - quiet)
    } else if (asked) {
      wire.end(new ConnectionError('silent', `the daemon has not answered for ${Math.round(quiet / 1000)} s`))
    } else {
      asked = true
      // A refusal is an answer too, and of an end the wire tells.
      wire.call('session.ping', {}).catch(() => {})
      timer = later(every)
    }
  }
}
