import { fileURLToPath } from 'node:url'

/**
 * The built proxyd with a fault, which SIGUSR2 brings out: in its main thread, or with FAULT=loop, once it says `faulty`,
 * in whichever loop gets the next answer to a question, such as for a name's addresses.
 */
let isFaulty = false

if (process.env.FAULT === 'loop') {
  const post = MessagePort.prototype.postMessage
  const nonsense = { type: 'order', ticket: 0, order: { kind: 'nonsense', value: undefined } }
  MessagePort.prototype.postMessage = function (message, ...rest: unknown[]) {
    const isAnswer = (message as { type?: unknown }).type === 'resolved'
    Reflect.apply(post, this, [isFaulty && isAnswer ? nonsense : message, ...rest])
  }
}

process.on('SIGUSR2', () => {
  isFaulty = true
  if (process.env.FAULT !== 'loop') throw new Error('a fault in the main thread')
  process.stderr.write('faulty\n')
})

await import(fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url)))
