import { Socket } from 'node:net'
import { isMainThread } from 'node:worker_threads'

/**
 * Loaded ahead of proxyd (`node --import`), makes its management fail once: on SIGWINCH where it answers, on SIGURG where it goes on
 * reading; and on SIGIO whenever it has looked at what was moved, from then on.
 */
if (isMainThread) {
  const due = { answer: false, read: false, look: false }
  const failOnce = (what: 'answer' | 'read') => {
    if (!due[what]) return
    due[what] = false
    throw new Error(`cannot ${what}`)
  }
  const { write, resume } = Socket.prototype
  Socket.prototype.write = function (this: Socket, ...given: unknown[]) {
    if (String(given[0]).includes('"jsonrpc"')) failOnce('answer')
    return Reflect.apply(write, this, given) as boolean
  } as typeof write
  Socket.prototype.resume = function (this: Socket) {
    failOnce('read')
    return resume.call(this)
  }
  const set = globalThis.setTimeout
  globalThis.setTimeout = ((act: () => void, ...rest: unknown[]) => {
    const isLook = String(act).includes('#record()')
    const checked = () => {
      act()
      if (due.look) throw new Error('cannot look')
    }
    return Reflect.apply(set, globalThis, [isLook ? checked : act, ...rest])
  }) as typeof set
  process.on('SIGWINCH', () => {
    due.answer = true
    process.stderr.write('due\n')
  })
  process.on('SIGURG', () => {
    due.read = true
    process.stderr.write('due\n')
  })
  process.on('SIGIO', () => {
    due.look = true
  })
}
