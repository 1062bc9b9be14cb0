import { setTimeout } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runLoad, startOrigin } from '../bench/load-runner.ts'
import { eventually } from '../helpers/eventually.ts'
import { Flow, Visits } from '../helpers/flows.ts'
import { engineKinds } from '../helpers/most-telling.ts'
import { operate } from '../helpers/operate.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { bob, endForSure, startUpgradable, status } from '../helpers/upgradable.ts'

/** Threads of the first daemon and of its successors. */
const threads = [2, 3, 1, 4, 2, 8, 1, 2, 5, 3, 2]
const longFlows = 500

describe.each(engineKinds)('with the %s engine', (engine) => {
  test('ten upgrades under thousands of connections a second break none, lose no byte and count all once', async () => {
    const { daemon, clients, configure } = await startUpgradable(`workers = ${threads[0]}`, ['--engine', engine])
    const origin = await startOrigin()
    onTestFinished(origin.stop)
    // As fast as they are served, by a process of its own.
    let [isOver, connections, failures, seconds] = [false, 0, 0, 0]
    const reasons: string[] = []
    const way = {
      proxy: { port: clients.proxyPort, username: bob.name, password: bob.password },
      port: origin.ports.short,
    }
    const load = (async () => {
      while (!isOver) {
        const { end } = await runLoad({ kind: 'connections', way, inFlight: 64, seconds: 5 }, () => {})
        connections += end.connections
        failures += end.failures
        seconds += end.seconds
        if (end.failures > 0) reasons.push(end.reason)
      }
    })()
    const all = Array.from({ length: longFlows }, (_, i) => Flow.begin(clients, i, () => setTimeout(1_000)))
    const flows = await Promise.all(all)
    const visits = new Visits(clients, 4, () => setTimeout(10))
    const took: number[] = []
    for (const [generation, workers] of threads.entries()) {
      if (generation > 0) {
        configure(`workers = ${workers}`)
        const began = performance.now()
        const { result, error } = await (await operate(daemon)).call('daemon.upgrade')
        expect(error).toBeUndefined()
        took.push(performance.now() - began)
        expect(result).toMatchObject({ generation: generation + 1 })
      }
      const [served, steps] = [connections, flows.map((flow) => flow.steps)]
      await eventually(() => {
        expect(connections).toBeGreaterThan(served)
        for (const [i, flow] of flows.entries()) expect(flow.steps).toBeGreaterThan((steps[i] ?? 0) + 1)
      })
      expect([failures, visits.failures]).toEqual([0, []])
    }
    isOver = true
    await load
    await visits.stop()
    await Promise.all(flows.map((flow) => flow.stop()))
    expect([failures, reasons, visits.failures]).toEqual([0, [], []])
    expect(await status(daemon)).toMatchObject({ generation: threads.length, users: 1 })
    const moved = [visits, ...flows].reduce((sum, { bytes }) => sum + bytes, 64 * connections)
    await eventually(async () => {
      const [, line] = (await exec(daemon, 'usage --csv')).stdout.split('\n')
      const [name, up, down, ended] = (line ?? '').split(',')
      expect([name, Number(ended)]).toEqual([bob.name, expect.any(Number)])
      // Connections of the load that are cut at the end of its five seconds have moved something, too.
      expect([Number(up), Number(down)]).toEqual([expect.toSatisfy(from), expect.toSatisfy(from)])
    })
    function from(bytes: number): boolean {
      return bytes >= moved
    }
    const rate = Math.round(connections / seconds)
    console.info(
      `${engine}: ${connections} connections, ${rate} a second, ${visits.served} visits, ${flows.length} flows; ` +
        `milliseconds of the upgrades: ${took.map(Math.round).join(' ')}`,
    )
    await (await operate(daemon)).call('daemon.shutdown')
    await daemon.ended
  }, 600_000)

  test('a process that has made way has no fault where a ban passes that it knows', async () => {
    const { daemon, clients } = await startUpgradable('', ['--engine', engine])
    const client = await operate(daemon)
    await client.call('bans.add', { source: '192.0.2.7', seconds: 3 })
    const flow = await Flow.begin(clients, 0, () => setTimeout(100))
    expect((await client.call('daemon.upgrade')).error).toBeUndefined()
    const successor = await operate(daemon)
    await eventually(async () => expect((await successor.call('bans.list')).result.bans).toEqual([]))
    const steps = flow.steps
    await eventually(() => expect(flow.steps).toBeGreaterThan(steps + 20))
    await flow.stop()
    expect(daemon.stderr).not.toMatch(/"level":"(warn|error)"/)
  })

  test('nor where its successor has gone that it would tell', async () => {
    const { daemon, clients } = await startUpgradable('', ['--engine', engine])
    const client = await operate(daemon)
    await client.call('bans.add', { source: '192.0.2.7', seconds: 3 })
    await Flow.begin(clients, 0, () => setTimeout(100))
    expect((await client.call('daemon.upgrade')).error).toBeUndefined()
    const [, successor] = /generation 2, pid (\d+)/.exec(daemon.stderr) ?? []
    endForSure(Number(successor))
    await eventually(() => expect(daemon.stderr).toContain('the bans acts, and is not stored yet'))
    expect(daemon.stderr).not.toMatch(/"level":"error"/)
  })
})
