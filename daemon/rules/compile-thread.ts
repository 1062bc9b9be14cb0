import { parentPort, workerData } from 'node:worker_threads'
import { Refusal } from '../refusal.ts'
import { type Compiled, compileText } from './compile-text.ts'

/** The thread that compiles rules, once, so that the main thread goes on meanwhile. */

parentPort?.postMessage(outcome())

function outcome(): Compiled {
  try {
    return { rules: compileText(workerData) }
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error.message }
    throw error
  }
}
