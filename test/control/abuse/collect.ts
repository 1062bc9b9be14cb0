import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Loaded into a daemon: on SIGWINCH it says on stdout how many bytes are alive in its main thread. */

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

process.on('SIGWINCH', async () => {
  // What the first one finds to be over gives back more when it has been told so.
  collect()
  await setImmediate()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  process.stdout.write(`alive ${heapUsed + external}\n`)
})
