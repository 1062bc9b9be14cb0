import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { greeted } from '../control/raw-client.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate } from '../helpers/operate.ts'
import { startTarget } from '../helpers/target.ts'

const failing = fileURLToPath(new URL('../helpers/failing-management.ts', import.meta.url))

async function signal(daemon: Daemon, name: NodeJS.Signals, time: number): Promise<void> {
  daemon.signal(name)
  await daemon.logs(new RegExp(`(^due$[\\s\\S]*){${time}}`, 'm'))
}

describe.each(mostTelling)('with the %s engine', (engine) => {
  it('a fault in management ends what failed, three of all of it end management, and proxying goes on', async () => {
    const args = ['--engine', engine, '--metrics-addr', '0']
    const daemon = await startDaemon(args, { env: { NODE_OPTIONS: `--import=${failing}` } })
    const target = await startTarget()
    const client = await connectThrough(daemon.port('socks'), target)
    const server = await target.next()
    const goesOn = async () => {
      server.write('on')
      expect(await client.readText(2)).toBe('on')
    }
    const bystander = await operate(daemon)

    // What nobody waits for fails, where it has been asked for ...
    const answered = await operate(daemon)
    await signal(daemon, 'SIGWINCH', 1)
    answered.request('session.whoami')
    expect(await answered.next()).toBeUndefined()
    await daemon.logs(/a fault in management; proxying goes on/)
    expect(daemon.stderr).toContain('cannot answer')
    // ... and what a client's bytes bring about.
    const read = await operate(daemon)
    await signal(daemon, 'SIGURG', 2)
    read.request('session.whoami')
    await read.rest()
    await daemon.logs(/cannot read/)
    expect((await bystander.call('status.get')).error).toBeUndefined()
    await goesOn()

    daemon.signal('SIGIO')
    await daemon.logs(/management is off until proxyd starts anew/)
    expect((await bystander.rest()).at(-1)).toMatchObject({
      method: 'goodbye',
      params: { reason: expect.stringMatching(/proxying goes on/) },
    })
    await expect(greeted({ path: join(daemon.folders.runtime, 'proxyd.sock') })).rejects.toThrow('ENOENT')
    await expect(fetch(`http://127.0.0.1:${daemon.port('metrics')}/healthz`)).rejects.toThrow()
    await goesOn()
    const another = await connectThrough(daemon.port('socks'), target)
    for (const each of [client, another]) each.reset()
    expect((await daemon.stop()).status).toBe(0)
  })
})
