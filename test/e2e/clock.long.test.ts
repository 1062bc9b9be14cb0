import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { startEcho } from '../helpers/echo.ts'
import { enter, Flow } from '../helpers/flows.ts'
import { operate } from '../helpers/operate.ts'

const jumping = fileURLToPath(new URL('../helpers/jumping-clock.ts', import.meta.url))

it('a clock that jumps, on and back, breaks no connection, keeps nobody out and stops no graph', async () => {
  const daemon = await startDaemon(['-u', 'bob:hunter2'], { env: { NODE_OPTIONS: `--import=${jumping}` } })
  const admin = await operate(daemon)
  const clients = {
    ...{ proxyPort: daemon.port('socks'), echoPort: await startEcho() },
    ...{ name: 'bob', password: 'hunter2' },
  }
  await admin.call('bans.add', { source: '192.0.2.1', seconds: 60 })
  await admin.call('metrics.subscribe')
  const nextSample = async () => {
    for (;;) {
      const line = await admin.next()
      if (line?.method === 'metrics.sample') return line.params.seq as number
    }
  }
  let ticks = Promise.withResolvers<void>()
  const flow = await Flow.begin(clients, 1, () => ticks.promise)
  for (const [signal, year] of [
    ['SIGWINCH', 1],
    ['SIGURG', -1],
  ] as const) {
    daemon.signal(signal)
    const expected = new Date(Date.now() + year * 400 * 86_400_000).getUTCFullYear()
    await daemon.logs(new RegExp(`^jumped to ${expected}`, 'm'))
    const seq = await nextSample()
    expect(await nextSample()).toBe(seq + 1)
    const steps = flow.steps
    ticks.resolve()
    ticks = Promise.withResolvers()
    await expect.poll(() => flow.steps).toBeGreaterThan(steps)
    const client = await enter(clients)
    client.finish()
    expect(await client.discard()).toBe('FIN')
    const name = `guest${year + 1}`
    expect((await admin.call('users.add', { name, password: 'gravel-tulip-93' })).error).toBeUndefined()
    // How long a ban lasts no clock that is set can change.
    const { bans } = (await admin.call('bans.list')).result
    expect(bans.map(({ source }: { source: string }) => source)).toEqual(['192.0.2.1'])
  }
  ticks.resolve()
  await flow.stop()
  expect((await daemon.stop()).status).toBe(0)
  expect(daemon.stderr).not.toMatch(/"level":"(error|fatal)"/)
})
