import { flushCompileCache } from 'node:module'
import { loadKoffi } from './koffi.ts'

/**
 * From now on the process ends as soon as it exits (_exit(2)), once all that listens for its end already has run. Left to
 * itself it waits for libuv's pool, where the system's resolver may still work on a name whose server is silent, and for koffi, which
 * syncs stdout (fsync(2)), and never ends where a sandbox refuses that. Without koffi it waits for the pool.
 */
export function exitAtOnce(): void {
  if (process.platform !== 'linux') return
  try {
    const exit = loadKoffi().load(null).func('void _exit(int)')
    process.on('exit', (status) => {
      // Node does so itself, later than this.
      flushCompileCache()
      exit(status)
    })
  } catch {
    // See above.
  }
}
