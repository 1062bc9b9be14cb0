import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { keptNames } from '../../daemon/service/socket-names.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { enter, Flow, Visits } from '../helpers/flows.ts'
import { freePort } from '../helpers/free-port.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate, set } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { startServiceManager } from '../helpers/service-manager.ts'
import { expectRefusal, greetingForLogin, login, request } from '../helpers/socks-client.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { bob, program, startUpgradable, status } from '../helpers/upgradable.ts'

async function upgrade(daemon: Daemon): Promise<{ pid: number }> {
  const { result, error } = await (await operate(daemon)).call('daemon.upgrade')
  expect(error).toBeUndefined()
  return result
}

/** Comes as an operator again and again; `stop` resolves to why that failed, if it did. */
function keepAsking(daemon: Daemon): { stop(): Promise<unknown[]> } {
  const failures: unknown[] = []
  let isOver = false
  const ended = (async () => {
    while (!isOver) {
      try {
        await status(daemon)
      } catch (error) {
        failures.push(error)
      }
      await setTimeout(50)
    }
  })()
  const stop = async () => {
    isOver = true
    await ended
    return failures
  }
  return { stop }
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
      await setTimeout(25)
    }
  }
}

describe.each(mostTelling)('with the %s engine, an upgrade', (engine) => {
  test('loses no connection and no byte, whatever the number of threads, and counts all once', async () => {
    const { daemon, clients, configure } = await startUpgradable('workers = 2', [
      '--engine',
      engine,
      '--metrics-addr',
      '0',
    ])
    const probes = new Probes(daemon.port('metrics'))
    const pause = () => setTimeout(10)
    const flows = await Promise.all(Array.from({ length: 4 }, (_, i) => Flow.begin(clients, i, pause)))
    const visits = new Visits(clients, 4, () => setTimeout(20))
    const operators = keepAsking(daemon)
    const goOn = async () => {
      const [served, steps] = [visits.served, flows.map((flow) => flow.steps)]
      await eventually(() => {
        expect(visits.failures).toEqual([])
        expect(visits.served).toBeGreaterThan(served + 20)
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
    expect(await operators.stop()).toEqual([])
    await visits.stop()
    await Promise.all(flows.map((flow) => flow.stop()))
    expect(visits.failures).toEqual([])
    const moved = [visits, ...flows].reduce((sum, { bytes }) => sum + bytes, 0)
    const operator = await operate(daemon)
    await eventually(async () => {
      const { usage } = (await operator.call('usage.list', { by: 'user' })).result
      expect(usage).toMatchObject([{ connections: visits.served + flows.length }])
    })
    const used = (await exec(daemon, 'usage --csv')).stdout
    expect(used).toBe(`user,up,down,connections\nbob,${moved},${moved},${visits.served + flows.length}\n`)
    await (await operate(daemon)).call('daemon.shutdown')
    await daemon.ended
  })

  test('leaves one daemon to operators: connections of the process before are listed, cut and bounded with the others', async () => {
    const { daemon, clients } = await startUpgradable('', ['--engine', engine])
    const before = await operate(daemon)
    for (const name of ['carol', 'dave'])
      expect((await before.call('users.add', { ...bob, name })).error).toBeUndefined()
    const begin = (name: string) => Flow.begin({ ...clients, name }, 1, () => setTimeout(20))
    const [flow, killed, removed, bounded] = await Promise.all(['bob', 'bob', 'carol', 'dave'].map(begin))
    await upgrade(daemon)
    await upgrade(daemon)
    const late = await begin('bob')

    await eventually(async () => expect(await status(daemon)).toMatchObject({ generation: 3, before: 4 }))
    const operator = await operate(daemon)
    const page = async (params = {}) => (await operator.call('connections.list', params)).result
    const { connections } = await page()
    expect(connections.map(({ user }: { user: string }) => user).sort()).toEqual(['bob', 'bob', 'bob', 'carol', 'dave'])
    const first = await page({ limit: 2 })
    const second = await page({ limit: 2, cursor: first.next })
    const third = await page({ limit: 2, cursor: second.next })
    const ids = [first, second, third].flatMap((each) => each.connections.map(({ id }: { id: string }) => id))
    expect(ids).toEqual(connections.map(({ id }: { id: string }) => id))
    const [oldest] = connections
    expect((await operator.call('connections.get', { id: oldest.id })).result).toMatchObject({
      connection: { id: oldest.id },
    })

    const follower = await operate(daemon)
    await follower.call('connections.subscribe')
    const rows = new Map<string, { user: string; up: number }>()
    const follow = async (isThere: () => boolean) => {
      while (!isThere()) {
        const { method, params } = (await follower.next()) ?? expect.fail('the daemon has hung up')
        for (const row of [...(params?.connections ?? []), ...(params?.changed ?? [])]) rows.set(row.id, row)
        for (const [id, up] of params?.moved ?? []) rows.set(id, { ...(rows.get(id) as { user: string }), up })
        for (const id of params?.closed ?? []) rows.delete(id)
        expect(method).toMatch(/^connections\./)
      }
    }
    const { up = 0 } = oldest
    await follow(() => rows.size === 5 && (rows.get(oldest.id)?.up ?? 0) > up)

    // What it looks out for is among connections of the process before, too.
    expect(
      (await operator.call('watches.add', { name: 'busy', text: 'rate>1 user:dave for 1s' })).error,
    ).toBeUndefined()
    await daemon.logs(/watch busy: dave: /)

    const bobs = connections.filter(({ user, id }: { user: string; id: string }) => user === 'bob' && id !== oldest.id)
    const { result } = await operator.call('connections.kill', { ids: [bobs[0].id, 'nobody-1'] })
    expect(result).toEqual({ killed: [bobs[0].id], missing: ['nobody-1'] })
    expect((await operator.call('users.remove', { name: 'carol' })).result).toMatchObject({ cut: 1 })
    await expect(removed?.over).rejects.toThrow()
    // What takes something away does not keep what gives something from those connections.
    expect((await operator.call('users.setPassword', { name: 'dave', password: 'another one' })).error).toBeUndefined()
    await set(operator, { 'rate-down': '1GB/s' })
    // More than this is used already.
    expect((await operator.call('groups.add', { name: 'few', fields: { quota: 1000 } })).error).toBeUndefined()
    expect((await operator.call('users.set', { names: ['dave'], fields: { group: 'few' } })).error).toBeUndefined()
    await expect(bounded?.over).rejects.toThrow()
    await follow(() => rows.size === 2)
    expect([...rows.values()].map(({ user }) => user)).toEqual(['bob', 'bob'])

    const left = [flow, killed, late].map((each) =>
      each?.stop().then(
        () => 'whole',
        () => 'cut',
      ),
    )
    expect((await Promise.all(left)).sort()).toEqual(['cut', 'whole', 'whole'])
    await follow(() => rows.size === 0)
    await eventually(async () => expect(await status(daemon)).not.toHaveProperty('before'))
    expect(daemon.stderr).not.toMatch(/is not made for the connections|is not stored yet/)
  })

  test('of which the successor crashes has the process before drain, and end for another to be started', async () => {
    const manager = await startServiceManager()
    const env = { NOTIFY_SOCKET: manager.path }
    const { daemon, clients } = await startUpgradable('', ['--engine', engine, '--timeout-drain', '60000'], { env })
    const flow = await Flow.begin(clients, 1, () => setTimeout(20))
    const { pid } = await upgrade(daemon)
    await eventually(() => expect(manager.heard()).toContain(`MAINPID=${pid}`))
    const { steps } = flow
    // Each has begun with that, and the successor may tell it behind what the process before tells.
    const forgotten = () => manager.heard().filter((line) => line.startsWith('FDSTOREREMOVE')).length
    await eventually(() => expect(forgotten()).toBe(2 * keptNames.size))
    process.kill(pid, 'SIGKILL')
    await daemon.logs(/the successor has gone: new clients are refused, live connections get 60 s/)
    await eventually(() => expect(flow.steps).toBeGreaterThan(steps + 5))
    // systemd, which notices no end of a process that it has not started, and keeps the sockets.
    await eventually(() => expect(manager.heard().at(-1)).toBe(`MAINPID=${daemon.pid}\nSTATUS=drains: no new clients`))
    await flow.stop()
    expect(await daemon.ended).toMatchObject({ status: 1 })
    expect(forgotten()).toBe(2 * keptNames.size)
    // All but what the successor had heard of and had not stored yet.
    const { usage } = (await (await operate(await startDaemon([], daemon))).call('usage.list', { by: 'user' })).result
    expect(usage).toMatchObject([{ user: 'bob', connections: 1 }])
    expect(usage[0].up).toBeGreaterThanOrEqual((flow.steps - steps) * 1000 - 1000)
  })
})

describe('an upgrade that fails', () => {
  test('says why, and leaves all as it was', async () => {
    const file = join(await temporaryFolder(), 'proxyd.mjs')
    const good = `await import(${JSON.stringify(program)})\n`
    writeFileSync(file, good)
    const { daemon, clients, configure } = await startUpgradable('', [], { program: file })
    const flow = await Flow.begin(clients, 1, () => setTimeout(20))
    const visits = new Visits(clients, 2, () => setTimeout(50))
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

    // One that gets everything, brings the store to a schema that only it knows, and never serves.
    const database = JSON.stringify(join(daemon.folders.state, 'proxyd.db'))
    const taker = `
      const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
      process.on('message', ({ answer }) => {
        if (answer === 1) process.send({ ask: 2, question: 'lend', given: {} })
        else new DatabaseSync(${database}).exec('PRAGMA user_version = 999')
      })
      process.send({ ask: 1, question: 'estate', given: {} })`
    writeFileSync(file, `if (process.argv.includes('--version')) console.log('proxyd 9'); else { ${taker} }\n`)
    expect(await exec(daemon, 'set timeout-upgrade 10s')).toMatchObject({ status: 0 })
    const first = operator.call('daemon.upgrade')
    await daemon.logs(/it gets the store/)
    const second = await operate(daemon)
    expect((await second.call('daemon.upgrade')).error).toMatchObject({ data: { kind: 'conflict' } })
    // Made while it is not known yet which process is to make it.
    const late = second.call('users.setEnabled', { name: 'bob', enabled: true })
    expect((await first).error?.message).toBe('the successor did not serve within 10 s (timeout-upgrade)')
    expect((await late).error).toBeUndefined()

    expect(await status(daemon)).toMatchObject({ pid: daemon.pid, generation: 1, users: 1 })
    expect(readdirSync(daemon.folders.state).filter((name) => name.includes('upgrade'))).toEqual([])
    expect((await operator.call('users.add', { ...bob, name: 'carol' })).error).toBeUndefined()
    const served = visits.served
    await eventually(() => expect(visits.served).toBeGreaterThan(served + 10))
    await visits.stop()
    await flow.stop()
    expect(visits.failures).toEqual([])

    // A drain ends one that is under way; its process has the listening sockets until it is gone.
    const client = await enter(clients)
    const third = operator.call('daemon.upgrade')
    await eventually(() => expect(daemon.stderr.match(/it gets the store/g)).toHaveLength(2))
    const answers = [second.call('daemon.drain'), second.call('daemon.undrain')]
    expect((await Promise.all(answers)).map(({ error }) => error)).toEqual([undefined, undefined])
    expect((await third).error).toMatchObject({ message: 'this daemon comes to its end', data: { kind: 'conflict' } })
    for (const each of [client, await enter(clients)]) each.reset()

    expect(await exec(daemon, 'set timeout-upgrade --default')).toMatchObject({ status: 0 })
    writeFileSync(file, good)
    expect((await operator.call('daemon.upgrade')).result).toMatchObject({ generation: 2 })
    expect(await status(daemon)).toMatchObject({ generation: 2, users: 2 })
  })
})

test.each(mostTelling)('a program that is no proxyd breaks nothing by what it says (%s)', async (engine) => {
  const file = join(await temporaryFolder(), 'proxyd.mjs')
  writeFileSync(file, `await import(${JSON.stringify(program)})\n`)
  const { daemon, clients } = await startUpgradable('', ['--engine', engine], { program: file })
  const client = await enter(clients)
  const operator = await operate(daemon)
  const reason = 'the successor says what no proxyd says: see the log'
  const says = ["process.send('ready')", "process.getBuiltinModule('node:fs').writeSync(3, '}{\\n')"]
  for (const [before, act] of says.entries()) {
    const lives = `else { process.on('message', () => {}); ${act} }`
    writeFileSync(file, `if (process.argv.includes('--version')) console.log('proxyd 9'); ${lives}\n`)
    daemon.signal('SIGUSR2')
    await daemon.logs(new RegExp(`(?:upgrade \\(SIGUSR2\\) fails.*${reason}[^]*){${before + 1}}`))
    expect((await operator.call('daemon.upgrade')).error).toMatchObject({
      message: reason,
      data: { kind: 'unavailable' },
    })
  }
  expect(await status(daemon)).toMatchObject({ pid: daemon.pid, generation: 1 })
  client.write(Buffer.from('still here'))
  expect(await client.readText(10)).toBe('still here')
  client.reset()
})

test('an upgrade is refused where whoever has started the daemon would take its end for that of the service', async () => {
  const { daemon } = await startUpgradable('', [], { within: ['sh', '-c', 'SYSTEMD_EXEC_PID=$$ exec "$@"', 'sh'] })
  const { error } = await (await operate(daemon)).call('daemon.upgrade')
  expect(error).toMatchObject({ message: expect.stringMatching(/Type=notify/), data: { kind: 'conflict' } })
  daemon.signal('SIGUSR2')
  await daemon.logs(/an upgrade \(SIGUSR2\) fails, and this process goes on as before: .*Type=notify/)
})

test('a successor leaves nobody connected whom it shuts out or whom its rules deny', async () => {
  const { daemon, clients } = await startUpgradable('')
  const before = await operate(daemon)
  for (const name of ['carol', 'erin']) await before.call('users.add', { ...bob, name })
  await before.call('users.set', { names: ['erin'], fields: { 'max-connections': 1 } })
  const [removed, denied] = [await enter(clients), await enter({ ...clients, name: 'carol' })]
  const only = await enter({ ...clients, name: 'erin' })
  expect((await (await operate(daemon)).call('daemon.upgrade')).result).toMatchObject({ generation: 2 })
  const successor = await operate(daemon)
  const near = async () => (await successor.call('status.get')).result.health.near
  await eventually(async () => expect(await near()).toMatchObject([{ user: 'erin', used: 1, most: 1 }]))
  await expect(enter({ ...clients, name: 'erin' })).rejects.toThrow()
  only.reset()
  await eventually(async () => expect(await near()).toEqual([]))
  ;(await enter({ ...clients, name: 'erin' })).reset()
  expect((await successor.call('users.add', { ...bob, name: 'dave' })).error).toBeUndefined()
  expect((await successor.call('users.remove', { name: 'bob' })).result).toMatchObject({ cut: 1 })
  expect(await removed.discard()).toBe('ECONNRESET')
  // Whom the process before does not know.
  const text = 'allow user:dave to any\ndeny to any\ntest user:dave 192.0.2.1:80 = allow\n'
  expect((await successor.call('rules.apply', { text })).result).toMatchObject({ cut: 1 })
  expect(await denied.discard()).toBe('ECONNRESET')
})

test('no client of the process before reaches where its successor alone listens', async () => {
  const file = join(await temporaryFolder(), 'proxyd.mjs')
  writeFileSync(file, `await import(${JSON.stringify(program)})\n`)
  const { clients, daemon, configure } = await startUpgradable('timeout-negotiation = "1m"', [], { program: file })
  const greet = async () => {
    const client = await connectPeer('127.0.0.1', clients.proxyPort)
    client.write(greetingForLogin)
    client.write(login(clients.name, clients.password))
    expect(await client.readHex(4)).toBe('05020100')
    return client
  }
  const [client, late] = [await greet(), await greet()]
  const port = await freePort()
  configure(`metrics-addr = ["127.0.0.1:${port}"]`)
  await upgrade(daemon)
  client.write(request('127.0.0.1', port))
  await expectRefusal(client, '02')

  // One that fails behind telling that it listens elsewhere.
  const failing = `
    process.on('message', () => process.exit(7))
    process.send({ ask: 1, question: 'listens', given: { at: [] } })`
  writeFileSync(file, `if (process.argv.includes('--version')) console.log('proxyd 9'); else { ${failing} }\n`)
  const { error } = await (await operate(daemon)).call('daemon.upgrade')
  expect(error?.message).toMatch(/ended with status 7/)
  late.write(request('127.0.0.1', port))
  await expectRefusal(late, '02')
})

test('what follows an upgrade in the same --exec is for the successor', async () => {
  const daemon = await startDaemon(['-u', 'bob:hunter2'])
  onTestFinished(async () => void process.kill((await status(daemon)).pid))
  const {
    stdout,
    stderr,
    status: ended,
  } = await exec(daemon, 'upgrade; set max-connections 77; whoami', '--timeout', '60')
  expect({ stderr, ended }).toEqual({ stderr: expect.not.stringMatching(/proxy-tui: (?!note)/), ended: 0 })
  expect(stdout).toMatch(/generation 2\n.*77/s)
})
