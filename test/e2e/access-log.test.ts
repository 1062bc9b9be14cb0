import { readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AccessEntry, ClosedConnection, EventEntry } from '../../shared/protocol/methods.ts'
import { type Daemon, spawnDaemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { fillDisk } from '../helpers/full-disk.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate, set } from '../helpers/operate.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

type Line = Omit<AccessEntry, 'ts' | 'event'> & { readonly ts: string; readonly event: string }

async function linesIn(file: string): Promise<Line[]> {
  const text = await readFile(file, 'utf8')
  return text.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line)))
}

async function asBob(daemon: Daemon, password = 'hunter2'): Promise<Peer> {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(greetingForLogin)
  await client.read(2)
  client.write(login('bob', password))
  return client
}

/** Bob sends 5 bytes to the target, is sent 7, and both are done. */
async function visit(daemon: Daemon, target: Target): Promise<string> {
  const client = await asBob(daemon)
  const source = `127.0.0.1:${client.socket.localPort}`
  await client.read(2)
  client.write(request(target.host, target.port))
  await expectReply(client, succeeded)
  const server = await target.next()
  client.write('hello')
  await server.read(5)
  server.write('goodbye')
  await client.read(7)
  client.finish()
  server.finish()
  await Promise.all([client.discard(), server.discard()])
  return source
}

describe.each(mostTelling)('with the %s engine', (engine) => {
  test('each connection that ends is a line of the file, in whatever way it ended', async () => {
    const file = join(await temporaryFolder(), 'access.log')
    const target = await startTarget()
    const daemon = await startDaemon(['--engine', engine, '--user', 'bob:hunter2', '--access-log', file])
    const source = await visit(daemon, target)
    const guesser = await asBob(daemon, 'wrong')
    await guesser.discard()
    guesser.finish()
    const nobodysPort = await freePort()
    const refused = await asBob(daemon)
    await refused.read(2)
    refused.write(request('127.0.0.1', nobodysPort))
    await refused.discard()
    const forbidden = await asBob(daemon)
    await forbidden.read(2)
    forbidden.write(request('127.0.0.1', daemon.port('control')))
    await forbidden.discard()
    forbidden.finish()
    const live = await asBob(daemon)
    await live.read(2)
    live.write(request(target.host, target.port))
    await expectReply(live, succeeded)
    const operator = await operate(daemon)
    const closed = await eventually(async () => {
      const { connections } = (await operator.call('connections.closed')).result
      expect(connections).toHaveLength(4)
      return connections as ClosedConnection[]
    })
    await operator.call('daemon.shutdown')
    await daemon.ended

    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const lines = await linesIn(file)
    expect(lines.map(({ reason }) => reason).sort()).toEqual(['denied', 'ended', 'finished', 'forbidden', 'refused'])
    const by = (reason: string) => lines.find((line) => line.reason === reason)
    expect(by('finished')).toEqual({
      ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      event: 'end',
      id: expect.stringMatching(/^[0-9a-z]{4}-\d+$/),
      user: 'bob',
      source,
      cmd: 'connect',
      protocol: 'socks5',
      name: null,
      address: target.host,
      port: target.port,
      up: 5,
      down: 7,
      duration: expect.any(Number),
      connect_ms: expect.any(Number),
      result: 'ok',
      reason: 'finished',
      loop: expect.any(Number),
    })
    expect(by('denied')).toMatchObject({
      user: null,
      tried: 'bob',
      cmd: null,
      port: null,
      result: 'refused',
      connect_ms: null,
    })
    expect(by('forbidden')).toMatchObject({
      user: 'bob',
      cmd: 'connect',
      name: null,
      address: '127.0.0.1',
      port: daemon.port('control'),
      result: 'refused',
      connect_ms: null,
    })
    expect(JSON.stringify([lines, closed])).not.toMatch(/hunter2|wrong/)
    const told = (reason: string) => closed.find((each) => each.reason === reason)
    expect(told('denied')).toMatchObject({ user: null, tried: 'bob', destination: null })
    expect(told('forbidden')).toMatchObject({ user: 'bob', destination: `127.0.0.1:${daemon.port('control')}` })
    expect(by('refused')).toMatchObject({ user: 'bob', port: nobodysPort, result: 'failed', connect_ms: null })
    expect(by('ended')).toMatchObject({ user: 'bob', result: 'ok' })
  })

  test('it is begun, moved aside and ended while the daemon runs, listed and followed', async () => {
    const folder = await temporaryFolder()
    const [file, old] = [join(folder, 'access.log'), join(folder, 'old')]
    const target = await startTarget()
    const daemon = await startDaemon(['--engine', engine, '--user', 'bob:hunter2'])
    const operator = await operate(daemon)
    const first = await visit(daemon, target)
    const isListed = async () =>
      expect((await operator.call('access.list')).result.entries).toMatchObject([{ source: first, event: 'end' }])
    await eventually(isListed)

    await set(operator, { 'access-log': file, 'access-log-events': ['start', 'end'], 'access-log-mask': 'net' })
    await operator.call('access.subscribe', { history: 0 })
    const second = await visit(daemon, target)
    const events: string[] = []
    while (events.at(-1) !== 'end') {
      const { method, params } = (await operator.next()) ?? {}
      if (method === 'access.entries') events.push(...params.entries.map(({ event }: AccessEntry) => event))
    }
    expect(events).toEqual(['start', 'end'])
    await eventually(async () => expect(await linesIn(file)).toHaveLength(2))
    expect(await linesIn(file)).toMatchObject([
      { event: 'start', up: 0, down: 0, reason: null, result: 'ok', source: '127.0.0.0/24' },
      { event: 'end', up: 5, down: 7, reason: 'finished' },
    ])

    // Who does not get in, and who is refused, happens for all who follow that.
    await operator.call('events.subscribe')
    const guesser = await asBob(daemon, 'wrong')
    await guesser.discard()
    guesser.finish()
    const forbidden = await asBob(daemon)
    await forbidden.read(2)
    forbidden.write(request('127.0.0.1', daemon.port('control')))
    await forbidden.discard()
    forbidden.finish()
    const happened: EventEntry[] = []
    while (happened.length < 2) {
      const { method, params } = (await operator.next()) ?? {}
      if (method === 'events.entries') happened.push(...params.events)
    }
    // Which of the two is over first, nobody knows.
    const byKind = (one: EventEntry, other: EventEntry) => other.kind.localeCompare(one.kind)
    const wanted = [
      { kind: 'login_failed', user: 'bob', source: '127.0.0.0/24', level: 'warn', text: 'login of bob failed' },
      { kind: 'client_refused', user: 'bob', destination: `127.0.0.1:${daemon.port('control')}`, reason: 'forbidden' },
    ]
    expect(happened.sort(byKind)).toMatchObject(wanted)
    const { stdout } = await exec(daemon, 'events user:bob level:warn', '--json')
    expect(JSON.parse(stdout).sort(byKind)).toMatchObject(wanted)
    const changes = await exec(daemon, 'events kind:change')
    expect(changes.stdout).toMatch(/local: config\.set access-log=.*access-log-mask="net"/)
    await operator.call('events.unsubscribe')

    // As logrotate does it, while nothing happens.
    await rename(file, old)
    daemon.signal('SIGHUP')
    await eventually(async () => expect((await stat(file)).size).toBe(0))
    await set(operator, { 'access-log-format': 'text', 'access-log-mask': 'none' })
    const third = await visit(daemon, target)
    await eventually(async () => expect(await readFile(file, 'utf8')).toContain(`source=${third} `))
    expect(await linesIn(old)).toHaveLength(4)

    // From the file, of which a part is text.
    const found = async (filter: string) =>
      (await operator.call('access.list', { filter })).result.entries.map(({ source }: AccessEntry) => source)
    expect(await found('event:end')).toEqual([third])
    expect(await found('result:refused')).toEqual([])
    const silly = await operator.call('access.subscribe', { filter: '~(a+)+b' })
    expect(silly.error?.message).toMatch(/no regular expressions/)

    await set(operator, { 'access-log': 'off' })
    const listed = await exec(daemon, 'access result:ok --last 2', '--json')
    expect(JSON.parse(listed.stdout).map(({ source }: AccessEntry) => source)).toEqual([second, third])
    expect((await exec(daemon, 'access')).stdout).toContain(`127.0.0.1:${target.port}`)
    const bad = await operator.call('config.set', { revision: 3, patch: { 'access-log': join(folder, 'no/file') } })
    expect(bad.error?.message).toBe(
      `cannot write to the access log ${join(folder, 'no/file')}: there is no folder ${join(folder, 'no')}: ` +
        'make it first, or name another with access-log (- is stdout)',
    )
    const long = join(folder, 'x'.repeat(254))
    const endless = await operator.call('config.set', { revision: 3, patch: { 'access-log': long } })
    expect(endless.error?.message).toMatch(/cannot be rotated/)
    await set(operator, { 'access-log': long, 'access-log-size': '0' })
    const sized = await operator.call('config.set', { revision: 4, patch: { 'access-log-size': '1MB' } })
    expect(sized.error?.message).toMatch(/cannot be rotated/)
  })
})

// Only there can the limits of a process be changed while it runs.
test.runIf(process.platform === 'linux')(
  'while its disk takes nothing, lines wait, clients do not, and health says so',
  async () => {
    const file = join(await temporaryFolder(), 'access.log')
    const target = await startTarget()
    const daemon = await startDaemon(['--user', 'bob:hunter2', '--access-log', file])
    const operator = await operate(daemon)
    const accessLog = async () => (await operator.call('status.get')).result.health.accessLog
    expect(await accessLog()).toEqual({ problem: null, dropped: 0 })
    fillDisk(daemon)
    const sources = [await visit(daemon, target)]
    await daemon.logs(
      /cannot write to the access log .*: it is as large .* ulimit -f.*; lines wait as far as there is room/,
    )
    sources.push(await visit(daemon, target))
    await eventually(async () => expect((await accessLog()).problem).toMatch(/cannot write/))
    expect(await readFile(file, 'utf8')).toBe('')

    fillDisk(daemon, false)
    await daemon.logs(/the access log is written again/)
    await eventually(async () => expect((await linesIn(file)).map(({ source }) => source)).toEqual(sources))
    await eventually(async () => expect(await accessLog()).toEqual({ problem: null, dropped: 0 }))
  },
)

test('on stdout it comes among what scripts wait for', async () => {
  const target = await startTarget()
  const daemon = await startDaemon(['--user', 'bob:hunter2', '--access-log', '-', '--access-log-format', 'text'])
  const source = await visit(daemon, target)
  const { stdout, status } = await daemon.stop()
  expect(status).toBe(0)
  expect(stdout.split('\n').filter((line) => line.includes(' end '))).toEqual([
    expect.stringMatching(new RegExp(`^\\S+Z end id=\\S+ user=bob source=${source} cmd=connect .* reason=finished`)),
  ])
})

test.each([
  [
    ['--access-log', '/no/such/folder/log'],
    1,
    /cannot write to the access log .*: there is no folder \/no: make it first/,
  ],
  [
    ['--access-log', `/tmp/${'x'.repeat(254)}`],
    1,
    /x cannot be rotated: .* longer than the system takes: choose a shorter/,
  ],
  [['--access-log-size', '1kB'], 2, /--access-log-size must be bytes, such as 100MB, at least 64kB, or 0/],
  [['--access-log-events', 'middle'], 2, /--access-log-events takes end, start, alive, and not "middle"/],
])('with %j the daemon does not start, and says why', async (args, status, line) => {
  const ended = await (await spawnDaemon(args)).ended
  expect([ended.status, ended.stderr.trimEnd().split('\n').length]).toEqual([status, 1])
  expect(ended.stderr).toMatch(line)
})
