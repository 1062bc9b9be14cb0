import { constants } from 'node:os'

/** Milliseconds. Wrappers such as npm and timeout(1) pass on a signal that the process got already, from the terminal. */
const echoTime = 500

/**
 * Resolves with the first SIGINT or SIGTERM, which asks the daemon to end in an orderly way. A second one ends it at
 * once: `cleanUp` runs, and then the signal does to the process what it does by default, or the status tells of it.
 */
export function firstStopSignal(cleanUp: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let stopsSince: number | undefined
    function onSignal(signal: NodeJS.Signals) {
      if (stopsSince === undefined) {
        stopsSince = performance.now()
        resolve(signal)
      } else if (performance.now() - stopsSince > echoTime) {
        cleanUp()
        // The first process of a container has no default for signals: for it they do nothing.
        if (process.pid === 1) process.exit(128 + constants.signals[signal])
        // By the signal, so that whoever started it learns of that.
        process.off(signal, onSignal)
        process.kill(process.pid, signal)
      }
    }
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  })
}
