import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventually } from '../helpers/eventually.ts'
import { enter, Flow } from '../helpers/flows.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { startServiceManager } from '../helpers/service-manager.ts'
import { startUpgradable, status } from '../helpers/upgradable.ts'

test.each(mostTelling)(
  'an operator takes a drain back, before an upgrade and after it, but not that of a signal: %s',
  async (engine) => {
    const manager = await startServiceManager()
    const flags = ['--engine', engine, '--metrics-addr', '127.0.0.1:0', '--timeout-drain', '24h']
    const { daemon, clients } = await startUpgradable('', flags, { env: { NOTIFY_SOCKET: manager.path } })
    const flow = await Flow.begin(clients, 1, () => setTimeout(20))
    const refused = () =>
      eventually(async () => {
        // What it has told holds its sockets open until that is read.
        manager.heard()
        const peer = connectPeer('127.0.0.1', clients.proxyPort)
        void peer.then((one) => one.reset()).catch(() => {})
        await expect(peer).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      })
    const ready = async () => (await fetch(`http://127.0.0.1:${daemon.port('metrics')}/readyz`)).status
    const told = (from: number) => manager.heard().slice(from).join('\n')
    const undrain = async () => (await (await operate(daemon)).call('daemon.undrain')).error
    expect(await undrain()).toMatchObject({ message: 'the daemon does not drain', data: { kind: 'conflict' } })

    for (let i = 0; i < 2; i++) {
      const before = manager.heard().length
      expect((await exec(daemon, 'drain')).stdout).toMatch(/undrain/)
      await refused()
      expect([await ready(), (await status(daemon)).draining]).toEqual([503, true])
      await eventually(() => expect(told(before)).toMatch(/STATUS=drains[\s\S]*FDSTOREREMOVE=1\nFDNAME=kept-socks/))
      expect((await exec(daemon, 'undrain')).stdout).toBe('new clients are taken again\n')
      expect([await ready(), (await status(daemon)).draining]).toEqual([200, false])
      await eventually(() =>
        expect(told(before)).toMatch(/STATUS=proxyd \S+ serves[\s\S]*FDSTORE=1\nFDNAME=kept-socks/),
      )
      ;(await enter(clients)).reset()
      if (i === 0)
        expect((await (await operate(daemon)).call('daemon.upgrade')).result).toMatchObject({ generation: 2 })
    }

    await exec(daemon, 'drain')
    await refused()
    const other = createServer()
    await once(other.listen(clients.proxyPort, '127.0.0.1'), 'listening')
    expect(await undrain()).toMatchObject({
      message: `port ${clients.proxyPort} on 127.0.0.1 is taken by now: end what holds it; the daemon drains on`,
      data: { kind: 'unavailable' },
    })
    other.close()
    await once(other, 'close')
    expect([await undrain(), (await status(daemon)).draining]).toEqual([undefined, false])

    // Of the process before, which has waited for the flow all the time, no less than of this one.
    process.kill((await status(daemon)).pid, 'SIGTERM')
    await daemon.logs(/SIGTERM: new clients are refused/)
    expect((await undrain())?.message).toBe('the daemon ends (SIGTERM) and takes no clients any more: start it anew')
    await flow.stop()
    await daemon.ended
  },
)
