import { workerData } from 'node:worker_threads'
import { Loop } from './loop.ts'
import type { LoopOptions } from './loop-messages.ts'

/** A worker thread's life: one loop, which blocks in the kernel and never returns to JavaScript's own event loop. */
const options: LoopOptions = workerData
new Loop(options).run()
options.port.close()
