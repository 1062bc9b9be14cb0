import { fileURLToPath } from 'node:url'
import { limitDescriptors } from './descriptor-limit.ts'

/** The built proxyd, begun with 560 descriptors as `ulimit -n 560` would: Node itself raises a limit that may be raised. */
limitDescriptors(process.pid, 560, true)
await import(fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url)))
