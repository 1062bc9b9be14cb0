import { createRequire, syncBuiltinESMExports } from 'node:module'
import { isMainThread } from 'node:worker_threads'

/**
 * Loaded ahead of proxyd, in each of its threads (`node --import`), gives it a fault, which SIGWINCH brings out. FAULT says where: in the
 * main thread, or in whichever loop gets the next answer to a question, such as for a name's addresses, once it says `faulty`:
 * by an `error`, by a full heap (`memory`) or because its thread ends (`exit`).
 */
const fault = process.env.FAULT
const threads = createRequire(import.meta.url)('node:worker_threads')
const nonsense = 'nonsense'

function failInMainThread(): void {
  let isDue = false
  const post = MessagePort.prototype.postMessage
  MessagePort.prototype.postMessage = function (message, ...rest: unknown[]) {
    const isAnswer = (message as { type?: unknown }).type === 'resolved'
    const order = { type: 'order', ticket: 0, order: { kind: nonsense, value: undefined } }
    Reflect.apply(post, this, [isDue && isAnswer ? order : message, ...rest])
    if (isAnswer) isDue = false
  }
  // A heap that is full soon.
  const { Worker } = threads
  threads.Worker = class extends Worker {
    constructor(file: URL, options: object) {
      super(file, { ...options, resourceLimits: { maxOldGenerationSizeMb: 48 } })
    }
  }
  process.on('SIGWINCH', () => {
    if (fault === 'main') throw new Error('a fault in the main thread')
    isDue = true
    process.stderr.write('faulty\n')
  })
}

function failInLoop(): void {
  const receive = threads.receiveMessageOnPort
  threads.receiveMessageOnPort = (port: unknown) => {
    const received = receive(port)
    if (received?.message.order?.kind !== nonsense || fault === 'error') return received
    // In small steps: where a large one finds no room V8 ends the whole process at once.
    for (let kept: unknown; fault === 'memory'; ) kept = { kept }
    process.exit(0)
  }
}

if (isMainThread) failInMainThread()
else failInLoop()
syncBuiltinESMExports()
