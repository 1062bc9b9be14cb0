import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { connectPeer } from './peer.ts'

/** A process that listens and never accepts: `backlog` + 1 clients get into the queue, and no more are answered. */
const source = `
  const server = require('node:net').createServer()
  server.listen({ host: process.argv[1], port: Number(process.argv[2]), backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`

/** A port on which connecting neither succeeds nor fails, until the test is over. */
export async function startBlackHole(host: string, port = 0): Promise<number> {
  const child = spawn(process.execPath, ['-e', source, host, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  const [printed] = await once(child.stdout, 'data')
  const bound = Number(printed)
  await Promise.all([connectPeer(host, bound), connectPeer(host, bound)])
  return bound
}
