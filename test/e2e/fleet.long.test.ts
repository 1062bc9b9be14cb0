import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { greeted, logIn, type RawClient, started } from '../control/raw-client.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { startEcho } from '../helpers/echo.ts'
import { eventually } from '../helpers/eventually.ts'
import { enter, Flow, Visits } from '../helpers/flows.ts'
import { freePort } from '../helpers/free-port.ts'
import { attemptLogin } from '../helpers/login-attempt.ts'
import { operate, set } from '../helpers/operate.ts'
import { longestTest } from '../helpers/patience.ts'
import { connectPeer, Peer } from '../helpers/peer.ts'
import { hasPostgres, usePostgres } from '../helpers/postgres.ts'
import { findProgram } from '../helpers/programs.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { greetingForLogin } from '../helpers/socks-client.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { endForSure } from '../helpers/upgradable.ts'

const haproxy = findProgram('haproxy')
const shipped = fileURLToPath(new URL('../../docs/haproxy.cfg', import.meta.url))
const password = 'gravel-tulip-93'

describe.skipIf(!hasPostgres)('three nodes on one PostgreSQL', { timeout: longestTest }, () => {
  const server = usePostgres()

  /** Nodes `a`, `b` and `c`, each managed by a client of its own. */
  async function fleet(args: readonly string[] = []) {
    const store = server.place(await server.newDatabase())
    const daemons = await Promise.all(
      ['a', 'b', 'c'].map((node) => startDaemon(['--store', store, '--node', node, ...args])),
    )
    const [a, b, c] = daemons as [Daemon, Daemon, Daemon]
    const clients = await Promise.all(daemons.map(operate))
    return { daemons: { a, b, c }, clients: clients as [RawClient, RawClient, RawClient] }
  }

  async function done(client: RawClient, method: string, params: object = {}) {
    const { result, error } = await client.call(method, params)
    expect(error, method).toBeUndefined()
    return result
  }

  test('a change of each kind on one acts on what lives on another', async () => {
    const { daemons, clients } = await fleet(['--ban-exempt', '127.0.0.1'])
    const [a, b] = clients
    const echoPort = await startEcho()
    const at = (name: string) => enter({ proxyPort: daemons.b.port('socks'), echoPort, name, password })
    const took: [string, number][] = []
    /** How long after a change on `a` this holds on `b`. */
    const acts = async (what: string, change: () => Promise<unknown>, holds: () => unknown) => {
      await change()
      const began = performance.now()
      await holds()
      took.push([what, Math.round(performance.now() - began)])
    }
    const userThere = async (name: string) =>
      (await done(b, 'users.list')).users.find((user: { name: string }) => user.name === name)

    await acts(
      'user added',
      async () => {
        for (const name of ['ann', 'bob', 'cid', 'dan', 'eve']) await done(a, 'users.add', { name, password })
      },
      () => eventually(async () => expect(await userThere('eve')).toBeDefined()),
    )
    const ann = await at('ann')
    await acts(
      'user removed',
      () => done(a, 'users.remove', { name: 'ann' }),
      () => ann.ending,
    )
    expect(await ann.ending).toBe('ECONNRESET')
    const bob = await at('bob')
    await acts(
      'user disabled',
      () => done(a, 'users.setEnabled', { name: 'bob', enabled: false }),
      () => bob.ending,
    )
    await acts(
      'password changed',
      () => done(a, 'users.setPassword', { name: 'cid', password: 'another-one-7' }),
      () => eventually(async () => expect(await admits(daemons.b, 'cid', 'another-one-7')).toBe(true)),
    )
    expect(await admits(daemons.b, 'cid', password)).toBe(false)
    const dan = await at('dan')
    await acts(
      'limits set',
      () => done(a, 'users.set', { names: ['dan'], fields: { expires: '2020-01-01' } }),
      () => dan.ending,
    )
    await done(a, 'groups.add', { name: 'staff', fields: { 'rate-down': '1MB/s' } })
    await done(a, 'users.set', { names: ['eve'], fields: { group: 'staff' } })
    await acts(
      'group set',
      () => done(a, 'groups.set', { name: 'staff', fields: { 'rate-down': '2MB/s' } }),
      () =>
        eventually(async () =>
          expect((await userThere('eve')).effective['rate-down']).toEqual({ value: 2_000_000, from: 'group' }),
        ),
    )
    const eve = await at('eve')
    await acts(
      'rule added',
      () => done(a, 'rules.add', { rule: `deny user:eve port ${echoPort}` }),
      () => eve.ending,
    )
    await acts(
      'setting set',
      () => set(a, { 'max-connections': 777 }),
      () => eventually(async () => expect((await done(b, 'status.get')).health.sessions.max).toBe(777)),
    )
    await acts(
      'source banned',
      () => done(a, 'bans.add', { source: '127.0.0.9' }),
      () => eventually(async () => expect(await isLetIn(daemons.b, '127.0.0.9')).toBe(false)),
    )
    await done(a, 'operators.add', { name: 'joe', role: 'viewer', password })
    await eventually(async () => expect((await done(b, 'operators.list')).operators).toMatchObject([{ name: 'joe' }]))
    const joe = await greeted({ host: '127.0.0.1', port: daemons.b.port('control') })
    await started(joe)
    expect((await logIn(joe, password, 'joe')).error).toBeUndefined()
    await acts(
      'operator removed',
      () => done(a, 'operators.remove', { name: 'joe' }),
      () => joe.rest(),
    )
    await acts(
      'watch added',
      () => done(a, 'watches.add', { name: 'big', text: 'rate>1GB/s' }),
      () => eventually(async () => expect((await done(b, 'watches.list')).watches).toMatchObject([{ name: 'big' }])),
    )
    // The bound of 2 s is for people to look at: this machine may have a lot to do.
    console.log(`changes on one node act on another after ${took.map(([what, ms]) => `${what} ${ms}`).join(', ')} ms`)
    await daemons.b.logs(/the user \\"ann\\" changed on node a/)
    const { events } = await done(b, 'events.list', { filter: 'kind:fleet' })
    expect(events.map(({ text }: { text: string }) => text)).toContain('the rules changed on node a')
    // Whoever builds on what was so before is told, though the change came this moment and from another node.
    const { revision } = await done(b, 'rules.list')
    await done(a, 'rules.add', { rule: 'deny to b.example' })
    const outdated = await b.call('rules.add', { rule: 'deny to c.example', ifRevision: revision })
    expect(outdated.error?.data.kind).toBe('conflict')
    await done(b, 'rules.add', { rule: 'deny to c.example' })
    expect((await done(b, 'rules.list', { text: true })).text).toContain('deny to b.example\ndeny to c.example')
  })

  test('each knows the others, has them cut and drain, and sees that one is gone', async () => {
    const { daemons, clients } = await fleet()
    const [a, b] = clients
    const states = async () =>
      (await done(a, 'nodes.list')).nodes.map(({ name, state }: { name: string; state: string }) => `${name} ${state}`)
    await eventually(async () => expect(await states()).toEqual(['a serves', 'b serves', 'c serves']))
    const { nodes } = await done(b, 'nodes.list')
    expect(nodes[2].control).toContain(`127.0.0.1:${daemons.c.port('control')}`)
    await done(a, 'users.add', { name: 'bob', password })
    await known(daemons, 'bob')
    const echoPort = await startEcho()
    const sessions = await Promise.all(
      [daemons.b, daemons.c, daemons.c].map((daemon) =>
        eventually(() => enter({ proxyPort: daemon.port('socks'), echoPort, name: 'bob', password })),
      ),
    )
    expect(await done(a, 'nodes.users')).toEqual({
      users: [{ name: 'bob', connections: 3, nodes: expect.arrayContaining([{ node: 'c', connections: 2 }]) }],
      silent: [],
    })
    const { connections } = await done(b, 'connections.list')
    const one = connections.find(({ user }: { user: string | null }) => user === 'bob')
    expect(await done(a, 'connections.kill', { ids: [one.id], node: 'b' })).toEqual({ killed: [one.id], missing: [] })
    expect(await done(a, 'users.cut', { name: 'bob' })).toEqual({ cut: 2 })
    for (const session of sessions) expect(await session.ending).toBe('ECONNRESET')
    await eventually(async () => {
      const { entries } = await done(b, 'audit.list', { action: 'users.cut' })
      expect(entries.map(({ from }: { from: string }) => from).sort()).toEqual(['node a', 'node a', 'unix'])
    })
    expect((await exec(daemons.b, 'nodes')).stdout).toMatch(/^NODE .*\na +serves .*\nb \* +serves .*\nc +serves /)
    expect((await exec(daemons.a, 'health')).stdout).toMatch(/fleet +a, one of 3 nodes; the store answers/)

    const guest = await connectPeer('127.0.0.1', daemons.b.port('socks'))
    await eventually(async () => expect((await done(b, 'status.get')).sample.connections).toBe(1))
    await done(a, 'nodes.drain', { name: 'b' })
    await eventually(async () => expect(await states()).toContain('b drains'))
    await done(a, 'nodes.undrain', { name: 'b' })
    await eventually(async () => expect(await states()).toContain('b serves'))
    guest.socket.destroy()
    daemons.c.signal('SIGKILL')
    await daemons.c.ended
    await eventually(async () => expect(await states()).toContain('c gone'))
    daemons.b.signal('SIGTERM')
    await daemons.b.ended
    expect(await states()).toEqual(['a serves', 'b ended', 'c gone'])
    await done(a, 'nodes.forget', { name: 'c' })
    expect(await states()).toEqual(['a serves', 'b ended'])
  })

  test('what is changed while the store is away is taken over once it is back', async () => {
    const { daemons, clients } = await fleet()
    const [a] = clients
    for (const name of ['ann', 'bob']) await done(a, 'users.add', { name, password })
    await known(daemons, 'ann', 'bob')
    const echoPort = await startEcho()
    const enterB = (name: string) => enter({ proxyPort: daemons.b.port('socks'), echoPort, name, password })
    const ann = await eventually(() => enterB('ann'))
    await eventually(() => enterB('bob'))
    await server.stop()
    await daemons.b.logs(/what other nodes change is not known here until the store answers/)
    expect((await exec(daemons.b, 'health')).stdout).toMatch(/fleet +b, .*what others change is not known since/)
    expect(await done(a, 'users.setEnabled', { name: 'ann', enabled: false })).toMatchObject({ stored: false })
    // Who is known is let in.
    const bob = await enterB('bob')
    await server.start()
    expect(await ann.ending).toBe('ECONNRESET')
    expect((await done(a, 'users.setPassword', { name: 'bob', password: 'another-one-7' })).stored).toBe(true)
    await daemons.b.logs(/the store answers again/)
    bob.write(Buffer.from('still here'))
    expect(String(await bob.read(10))).toBe('still here')
  })

  test('what is changed on another acts on connections from before an upgrade, too', async () => {
    const { daemons, clients } = await fleet()
    const [a, b] = clients
    await done(a, 'users.add', { name: 'bob', password })
    await known(daemons, 'bob')
    const echoPort = await startEcho()
    const session = await eventually(() =>
      enter({ proxyPort: daemons.b.port('socks'), echoPort, name: 'bob', password }),
    )
    const { pid } = await done(b, 'daemon.upgrade')
    onTestFinished(() => endForSure(pid))
    await set(a, { 'timeout-idle': 4_000_000 })
    expect((await done(a, 'nodes.list')).nodes.map(({ state }: { state: string }) => state)).toEqual(
      Array(3).fill('serves'),
    )
    await done(a, 'users.setEnabled', { name: 'bob', enabled: false })
    expect(await session.ending).toBe('ECONNRESET')
    // The process before has ended with its last client; the node goes on.
    await daemons.b.logs(/the user \\"bob\\" changed on node a[\s\S]*the user \\"bob\\" changed on node a/)
    expect(daemons.b.stderr).not.toMatch(/do not act here/)
    const successor = await operate(daemons.b)
    await eventually(async () => expect((await done(successor, 'status.get')).before).toBeUndefined())
    expect((await done(a, 'nodes.list')).nodes).toMatchObject([{}, { name: 'b', state: 'serves' }, {}])
  })

  describe.skipIf(!haproxy)('behind HAProxy', () => {
    test('a node is drained while clients come and go, and no session fails', async () => {
      const { daemons, clients } = await fleet([
        '--auth',
        'required',
        '--proxy-protocol-from',
        '127.0.0.1',
        '--timeout-drain',
        '60s',
      ])
      const [a] = clients
      await done(a, 'users.add', { name: 'bob', password })
      const all = Object.entries(daemons)
      await known(daemons, 'bob')
      const { port, status } = await startBalancer(all.map(([name, daemon]) => [name, daemon.port('socks')]))
      await eventually(async () => expect(await status()).toEqual({ a: 'UP', b: 'UP', c: 'UP' }))
      const to = { proxyPort: port, echoPort: await startEcho(), name: 'bob', password }
      const flows = await Promise.all(Array.from({ length: 30 }, (_, i) => Flow.begin(to, i, () => pass(20))))
      const visits = new Visits(to, 4)
      const servedBy = async (client: RawClient) => (await done(client, 'status.get')).sample.connections
      for (const client of clients) await eventually(async () => expect(await servedBy(client)).toBeGreaterThan(5))
      await done(a, 'nodes.drain', { name: 'b' })
      await eventually(async () => expect((await status()).b).toBe('DOWN'))
      const { served } = visits
      await eventually(() => expect(visits.served).toBeGreaterThan(served + 50))
      await visits.stop()
      const steps = flows.map((flow) => flow.steps)
      await eventually(() => expect(flows.every((flow, i) => flow.steps > (steps[i] ?? 0))).toBe(true))
      await Promise.all(flows.map((flow) => flow.stop()))
      expect(visits.failures).toEqual([])
      // It ends when its last client has.
      expect((await daemons.b.ended).status).toBe(0)
      const { nodes } = await done(a, 'nodes.list')
      expect(nodes.find(({ name }: { name: string }) => name === 'b').state).toBe('ended')
      console.log(`${visits.served} visits and ${flows.length} lasting sessions while node b drained: none failed`)
    })
  })
})

/**
 * Users whom node a has made act on all others: before the first does, a node lets in anybody, as nobody, and tells of the user
 * a moment before its loops ask for a login.
 */
async function known(
  { a: _, ...others }: Readonly<Record<string, Daemon>>,
  ...names: readonly string[]
): Promise<void> {
  for (const daemon of Object.values(others))
    for (const name of names) await daemon.logs(new RegExp(`the user \\\\"${name}\\\\" changed on node a`))
}

async function admits(daemon: Daemon, name: string, secret: string): Promise<boolean> {
  const attempt = attemptLogin(daemon.port('socks'), '127.0.0.1', name, secret)
  await attempt.read(2)
  return (await attempt.read(2))[1] === 0
}

/** Whether who comes from there is spoken to. */
async function isLetIn(daemon: Daemon, from: string): Promise<boolean> {
  const guest = await connectPeer('127.0.0.1', daemon.port('socks'), from)
  guest.write(greetingForLogin)
  return guest.read(2).then(
    () => true,
    () => false,
  )
}

/** HAProxy in front of these, by the file that is shipped with a line for each. */
async function startBalancer(nodes: readonly (readonly [name: string, port: number])[]) {
  const folder = await temporaryFolder()
  const [config = '', socket = ''] = ['haproxy.cfg', 'stats'].map((name) => join(folder, name))
  const port = await freePort()
  const own = nodes.map(
    ([name, at]) => `  server ${name} 127.0.0.1:${at} send-proxy-v2 check check-send-proxy inter 200ms`,
  )
  const text = (await readFile(shipped, 'utf8'))
    .replace('defaults\n', `global\n  stats socket ${socket}\ndefaults\n  retries 3\n  option redispatch 1\n`)
    .replace('bind :1080', `bind 127.0.0.1:${port}`)
    .replace(/ {2}bind :1443.*\n/, '')
    .replace(/ {2}server .*/, own.join('\n'))
  await writeFile(config, text)
  const child = spawn(haproxy ?? '', ['-db', '-f', config], { stdio: 'ignore' })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const status = async () => {
    const stats = new Peer(createConnection(socket))
    stats.write('show stat\n')
    const [head = '', ...lines] = (await stats.readTextToEnd()).split('\n')
    const rows = lines.map((line) => line.split(',')).filter(([backend]) => backend === 'proxyd')
    const column = head.split(',').indexOf('status')
    return Object.fromEntries(rows.filter(([, name]) => name !== 'BACKEND').map((row) => [row[1], row[column]]))
  }
  await eventually(status)
  return { port, status }
}
