import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Of V8: the function `gc`, and that compiled code is collected whenever garbage is. */
const flags = ['expose-gc', 'stress-flush-code']

/**
 * Lets all threads of the process `shrinkHeap` until `work` is done. Not for longer: under other flags than those that Node was built
 * with, it compiles each of its own modules that is loaded meanwhile, and keeps what comes of that beside the module.
 */
export async function withShrinkableHeaps(work: () => Promise<unknown>): Promise<void> {
  for (const flag of flags) setFlagsFromString(`--${flag}`)
  try {
    await work()
  } finally {
    for (const flag of flags) setFlagsFromString(`--no-${flag}`)
  }
}

/**
 * Gives back what this thread's heap has left over: garbage, pages that are not full, and the code of what has run, of Node's own
 * modules above all, which is compiled again if it is called again. It stops the thread for 10 to 20 ms, within `withShrinkableHeaps`;
 * otherwise nothing happens.
 */
export function shrinkHeap(): void {
  const collect: unknown = runInNewContext('globalThis.gc')
  // As before a heap that is full fails: by no other way does V8 give back its half-empty pages.
  if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
