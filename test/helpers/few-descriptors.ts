import { fileURLToPath } from 'node:url'
import { limitDescriptors } from './descriptor-limit.ts'

/**
 * The built proxyd, begun with 144 descriptors, or those of DESCRIPTORS, as `ulimit -n` would: Node itself raises a limit
 * that may be raised.
 */
limitDescriptors(process.pid, Number(process.env.DESCRIPTORS ?? 144), true)
await import(fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url)))
