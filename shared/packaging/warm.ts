import threads, { type WorkerOptions } from 'node:worker_threads'
import { compileProgram, runProgram, writeCache } from '../cached-program.ts'

/**
 * `warm.ts FILE [ARGUMENT…]`: runs the program, and at its end writes its cache, with all that it has called in this run and those before.
 * So it does with the programs of the threads that it starts.
 */

threads.Worker = class extends threads.Worker {
  constructor(starter: string | URL, options?: WorkerOptions) {
    super(String(starter).endsWith('/thread-start.cjs') ? new URL(import.meta.url) : starter, options)
  }
}

const [, , file = '', ...given] = process.argv
const script = compileProgram(file)
process.once('exit', () => writeCache(file, script))
process.argv = [process.execPath, file, ...given]
runProgram(script, file)
