import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Daemon, startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { startEcho } from '../helpers/echo.ts'
import { eventually } from '../helpers/eventually.ts'
import { type Clients, enter, Flow, Visits } from '../helpers/flows.ts'
import { operate } from '../helpers/operate.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const program = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))
const bob = { name: 'bob', password: 'gravel-tulip-93' }
const engines = process.platform === 'linux' ? ['linux', 'portable'] : ['portable']

interface Upgradable {
  readonly daemon: Daemon
  readonly clients: Clients
  /** Writes the configuration that the next successor reads. */
  configure(text: string): void
}

/** A daemon whose successors end with the test, and an echo behind it. */
async function startUpgradable(text: string, args: readonly string[] = [], file = program): Promise<Upgradable> {
  const folders = await temporaryFolders()
  const config = join(await temporaryFolder(), 'proxyd.toml')
  const configure = (lines: string) => writeFileSync(config, lines, { mode: 0o600 })
  configure(text)
  const daemon = await startDaemon(['--config', config, ...args], { folders, program: file })
  // All of them write to what the first one was given.
  onTestFinished(async () => {
    for (const [, pid] of daemon.stderr.matchAll(/generation \d+, pid (\d+)/g)) endForSure(Number(pid))
    await daemon.kill()
  })
  await (await operate(daemon)).call('users.add', bob)
  const clients = { ...bob, proxyPort: daemon.port('socks'), echoPort: await startEcho() }
  return { daemon, clients, configure }
}

function endForSure(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

/** Asks again and again whether a daemon takes clients. */
class Probes {
  readonly #answers = new Set<unknown>()
  readonly #ended: Promise<void>
  #stops = false

  constructor(port: number) {
    this.#ended = this.#ask(`http://127.0.0.1:${port}/readyz`)
  }

  /** Resolves to all that was answered. */
  async stop(): Promise<ReadonlySet<unknown>> {
    this.#stops = true
    await this.#ended
    return this.#answers
  }

  async #ask(url: string): Promise<void> {
    while (!this.#stops) {
      const answer = await fetch(url).then(
        ({ status }) => status,
        ({ cause }) => cause,
      )
      this.#answers.add(answer)
      await setTimeout(5)
    }
  }
}

async function status(daemon: Daemon) {
  return (await (await operate(daemon)).call('status.get')).result
}

describe.each(engines)('with the %s engine, an upgrade', (engine) => {
  test('loses no connection and no byte, whatever the number of threads, and counts all once', async () => {
    const { daemon, clients, configure } = await startUpgradable('workers = 2', [
      '--engine',
      engine,
      '--metrics-addr',
      '0',
    ])
    const probes = new Probes(daemon.port('metrics'))
    const pause = () => setTimeout(2)
    const flows = await Promise.all(Array.from({ length: 6 }, (_, i) => Flow.begin(clients, i, pause)))
    const visits = new Visits(clients, 6)
    const goOn = async () => {
      const [served, steps] = [visits.served, flows.map((flow) => flow.steps)]
      await eventually(() => {
        expect(visits.failures).toEqual([])
        expect(visits.served).toBeGreaterThan(served + 50)
        for (const [i, flow] of flows.entries()) expect(flow.steps).toBeGreaterThan((steps[i] ?? 0) + 5)
      })
    }
    await goOn()
    configure('workers = 3')
    expect((await exec(daemon, 'upgrade', '--timeout', '60')).stdout).toMatch(
      /^proxyd \S+ serves, pid \d+, generation 2\n$/,
    )
    await goOn()
    configure('workers = 1')
    process.kill((await status(daemon)).pid, 'SIGUSR2')
    await eventually(async () => expect(await status(daemon)).toMatchObject({ generation: 3, users: 1 }))
    await goOn()
    // Whoever watches over it sees no gap either.
    expect(await probes.stop()).toEqual(new Set([200]))
    await visits.stop()
    await Promise.all(flows.map((flow) => flow.stop()))
    expect(visits.failures).toEqual([])
    const moved = [visits, ...flows].reduce((sum, { bytes }) => sum + bytes, 0)
    await eventually(async () => {
      const usage = (await exec(daemon, 'usage --csv')).stdout
      expect(usage).toBe(`user,up,down,connections\nbob,${moved},${moved},${visits.served + flows.length}\n`)
    })
    await (await operate(daemon)).call('daemon.shutdown')
    await daemon.ended
  })
})

describe('an upgrade that fails', () => {
  test('says why, and leaves all as it was', async () => {
    const file = join(await temporaryFolder(), 'proxyd.mjs')
    const good = `await import(${JSON.stringify(program)})\n`
    writeFileSync(file, good)
    const { daemon, clients, configure } = await startUpgradable('', ['--timeout-upgrade', '4000'], file)
    const flow = await Flow.begin(clients, 1, () => setTimeout(2))
    const visits = new Visits(clients, 2)
    const operator = await operate(daemon)
    const failure = async () => (await operator.call('daemon.upgrade')).error

    configure('workers = "many"')
    expect(await failure()).toMatchObject({
      message: expect.stringMatching(/^the successor does not start: .*workers/),
      data: { kind: 'unavailable' },
    })
    configure('')
    writeFileSync(file, 'throw new Error("half written")\n')
    expect((await failure())?.message).toMatch(/^the program on the disk does not run: [\s\S]*half written/)
    writeFileSync(file, `if (process.argv.includes('--version')) console.log('proxyd 9'); else process.exit(7)\n`)
    expect((await failure())?.message).toBe('the successor ended with status 7 before it served: see the log')

    // One that gets everything, and never serves.
    const lends = `process.once('message', () => process.on('message', () => {}) && process.send({ ask: 2, question: 'lend', given: {} }))
      process.send({ ask: 1, question: 'estate', given: {} })`
    writeFileSync(file, `if (process.argv.includes('--version')) console.log('proxyd 9'); else { ${lends} }\n`)
    const first = operator.call('daemon.upgrade')
    await daemon.logs(/it gets the store/)
    const second = await operate(daemon)
    expect((await second.call('daemon.upgrade')).error).toMatchObject({ data: { kind: 'conflict' } })
    // Made while it is not known yet which process is to make it.
    const late = second.call('users.setEnabled', { name: 'bob', enabled: true })
    expect((await first).error?.message).toBe('the successor did not serve within 4 s (timeout-upgrade)')
    expect((await late).error).toBeUndefined()

    expect(await status(daemon)).toMatchObject({ pid: daemon.pid, generation: 1, users: 1 })
    expect((await operator.call('users.add', { ...bob, name: 'carol' })).error).toBeUndefined()
    const served = visits.served
    await eventually(() => expect(visits.served).toBeGreaterThan(served + 10))
    await visits.stop()
    await flow.stop()
    expect(visits.failures).toEqual([])

    writeFileSync(file, good)
    expect((await operator.call('daemon.upgrade')).result).toMatchObject({ generation: 2 })
    expect(await status(daemon)).toMatchObject({ generation: 2, users: 2 })
  })
})

test('a successor leaves nobody connected whom it shuts out or whom its rules deny', async () => {
  const { daemon, clients } = await startUpgradable('')
  await (await operate(daemon)).call('users.add', { ...bob, name: 'carol' })
  const [removed, denied] = [await enter(clients), await enter({ ...clients, name: 'carol' })]
  expect((await (await operate(daemon)).call('daemon.upgrade')).result).toMatchObject({ generation: 2 })
  const successor = await operate(daemon)
  expect((await successor.call('users.add', { ...bob, name: 'dave' })).error).toBeUndefined()
  expect((await successor.call('users.remove', { name: 'bob' })).result).toMatchObject({ cut: 1 })
  expect(await removed.discard()).toBe('ECONNRESET')
  // Whom the process before does not know.
  const text = 'allow user:dave to any\ndeny to any\ntest user:dave 192.0.2.1:80 = allow\n'
  expect((await successor.call('rules.apply', { text })).result).toMatchObject({ cut: 1 })
  expect(await denied.discard()).toBe('ECONNRESET')
})
