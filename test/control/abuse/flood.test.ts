import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { connectThrough } from '../../helpers/connect-through.ts'
import { startFlood } from '../../helpers/flood.ts'
import { startTarget } from '../../helpers/target.ts'
import { abusedDaemon, admin, unharmedBy } from './abused-daemon.ts'

// The flood keeps this process busy, too: a client of it may be slow to ask.
const abused = abusedDaemon(['--timeout-negotiation', '60000'])
const share = 500_000
const rounds = 10
const crowd = 300

it('serves SOCKS clients and an operator while management is flooded', async () => {
  const target = await startTarget()
  let round = 0
  await unharmedBy(abused, async () => {
    const flood = startFlood({ port: abused.tcp.port, unixPath: abused.unix.path, rate: 500 })
    try {
      // Until it was a flood indeed, however slow the machine.
      for (; round < rounds || flood.connections < crowd; round++) {
        const client = await connectThrough(abused.daemon.port('socks'), target)
        const server = await target.next()
        const [up, down] = [randomBytes(share), randomBytes(share)]
        client.write(up)
        client.finish()
        server.write(down)
        server.finish()
        expect((await server.readToEnd()).equals(up)).toBe(true)
        expect((await client.readToEnd()).equals(down)).toBe(true)
      }
      const operator = await admin(abused)
      expect((await operator.call('metrics.subscribe')).result).toBeDefined()
      expect((await operator.next())?.method).toBe('metrics.sample')
    } finally {
      flood.stop()
    }
  })
  const { result } = await (await admin(abused)).call('status.get')
  expect(result.sample).toMatchObject({ connected: round, failed: 0 })
})
