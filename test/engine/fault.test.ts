import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { greeting, request } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

const program = fileURLToPath(new URL('../helpers/failing.ts', import.meta.url))
/** Enough for each loop to have some. */
const downloads = 8

/** What bring out the fault, once the signal has come. */
const provoke: Record<string, (daemon: Daemon) => Promise<void>> = {
  main: async () => {},
  loop: async (daemon) => {
    await daemon.logs(/^faulty$/m)
    const client = await connectPeer('127.0.0.1', daemon.port('socks'))
    client.write(bytes(greeting, request('localhost', 9)))
  },
}

const faults =
  process.platform === 'linux' ? (['portable main', 'linux main', 'linux loop'] as const) : ['portable main']

describe.each(faults.map((fault) => fault.split(' ')))('%s engine: a fault in a thread of it, %s', (engine, thread) => {
  it('ends the process, and no broken stream looks whole to either side', async () => {
    const args = ['--engine', engine as string, '--workers', '2']
    const daemon = await startDaemon(args, { program, env: { FAULT: thread as string } })
    const target = await startTarget()
    const sides: Peer[] = []
    for (let i = 0; i < downloads; i++) {
      const client = await connectThrough(daemon.port('socks'), target)
      const peer = await target.next()
      peer.write('half of it')
      await client.readText(10)
      sides.push(client, peer)
    }
    daemon.signal('SIGUSR2')
    await provoke[thread as string]?.(daemon)
    expect((await daemon.ended).status).not.toBe(0)
    expect(new Set(await Promise.all(sides.map((side) => side.discard())))).toEqual(new Set(['ECONNRESET']))
  })
})
