import dns from 'node:dns'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished, vi } from 'vitest'
import { RpcError } from '../../shared/protocol/errors.ts'
import { LineFramer } from '../../shared/protocol/framer.ts'
import { limits } from '../../shared/protocol/limits.ts'
import { errorLine, eventLine, parseRequest, resultLine } from '../../shared/protocol/message.ts'
import { beginServer, makeKeys } from '../../shared/protocol/scram.ts'
import { ConnectionError, connect, followDaemon, type Target } from '../../tui/client/index.ts'
import { Wire } from '../../tui/client/wire.ts'
import { startControl } from '../control/start-control.ts'
import { sampleOf } from '../helpers/sample.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startImpostor } from './impostor.ts'
import { openClient, tcpTarget, unixTarget } from './open-client.ts'
import { reaches } from './reaches.ts'

const timeoutMs = 10_000
const isRoot = process.geteuid?.() === 0
const nobody = 65_534
const hello = eventLine('hello', { protocol: [1, 0], instance: 'false', auth: [], capabilities: [], limits: {} })

it.each(['127.0.0.1', '::1', 'localhost'])('logs in with the cookie by %s', async (host) => {
  const client = await openClient(tcpTarget(await startControl(), host))
  expect([client.instance, client.role]).toEqual(['test', 'admin'])
  expect(await client.call('session.whoami', {})).toEqual({ name: 'local', role: 'admin', via: 'tcp' })
})

it.each(['127.0.0.1', '::1'])('tries all addresses of a name, of which only %s answers', async (address) => {
  const control = await startControl({ listen: [{ address, port: 0 }] })
  const both = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ]
  const answer = (_name: string, _options: object, done: (error: null, addresses: object[]) => void) => done(null, both)
  const lookup = vi.spyOn(dns, 'lookup').mockImplementation(answer as unknown as typeof dns.lookup)
  onTestFinished(() => lookup.mockRestore())
  expect((await openClient(tcpTarget(control, 'proxyd.test'))).role).toBe('admin')
  expect(lookup).toHaveBeenCalledOnce()
})

it('enters by the Unix socket without a cookie', async () => {
  const client = await openClient(unixTarget(await startControl()))
  expect([client.instance, client.role]).toEqual(['test', 'admin'])
  expect(await client.call('session.whoami', {})).toEqual({ name: 'local', role: 'admin', via: 'unix' })
})

it('calls, is refused, and hears events', async () => {
  const { backend, ...control } = await startControl()
  const client = await openClient(unixTarget({ backend, ...control }))
  const heard = new Promise((resolve) => client.on('metrics.sample', resolve))
  expect(await client.call('metrics.subscribe', { history: 1 })).toEqual({ samples: [] })
  backend.metrics.push(sampleOf(7))
  expect(await heard).toEqual(sampleOf(7))

  const refusal = client.call('users.remove', { name: 'nobody' })
  await expect(refusal).rejects.toThrow(RpcError)
  await expect(refusal).rejects.toMatchObject({ kind: 'not_found', message: 'there is no such user' })
})

it('hears no event after it has stopped listening', async () => {
  const { backend, ...control } = await startControl()
  const client = await openClient(unixTarget({ backend, ...control }))
  const heard: number[] = []
  const stop = client.on('metrics.sample', ({ seq }) => {
    heard.push(seq)
    stop()
  })
  await client.call('metrics.subscribe', {})
  for (const seq of [1, 2]) backend.metrics.push(sampleOf(seq))
  await client.call('session.whoami', {})
  expect(heard).toEqual([1])
})

it('gives up a call when told to, and goes on', async () => {
  const { backend, ...control } = await startControl()
  const client = await openClient(unixTarget({ backend, ...control }))
  const gate = Promise.withResolvers<void>()
  backend.users.gate = gate.promise
  const giveUp = new AbortController()
  const call = client.call('users.setPassword', { name: 'bob', password: 'x' }, { signal: giveUp.signal })
  giveUp.abort(new Error('enough'))
  await expect(call).rejects.toThrow('enough')
  await expect(client.call('session.whoami', {}, { signal: giveUp.signal })).rejects.toThrow('enough')
  gate.resolve()
  expect((await client.call('session.whoami', {})).role).toBe('admin')
})

it('rejects what is under way when the daemon says goodbye, and says why', async () => {
  const { backend, server, ...control } = await startControl()
  const client = await openClient(unixTarget({ backend, server, ...control }))
  backend.users.gate = new Promise(() => {})
  const call = client.call('users.setPassword', { name: 'bob', password: 'x' })
  const lost = { kind: 'lost', message: 'the daemon said goodbye: the daemon ends' }
  await Promise.all([expect(call).rejects.toMatchObject(lost), server.close()])
  expect(await client.closed).toMatchObject(lost)
  await expect(client.call('session.whoami', {})).rejects.toMatchObject(lost)
})

it('tells that it was closed here', async () => {
  const client = await openClient(unixTarget(await startControl()))
  const call = client.call('session.whoami', {})
  client.close()
  await expect(call).rejects.toMatchObject({ kind: 'closed' })
  expect(await client.closed).toMatchObject({ kind: 'closed' })
})

it('says where nobody listens', async () => {
  const control = await startControl()
  await control.server.close()
  const [tcp, unix] = [tcpTarget(control, 'localhost'), unixTarget(control)]
  await expect(connect(tcp, { timeoutMs })).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining(String(control.port)),
  })
  await expect(connect(unix, { timeoutMs })).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining(control.server.unixPath),
  })
})

it('tells a Unix socket that it may not open from no daemon', async () => {
  const path = (await startControl()).server.unixPath
  if (isRoot) {
    process.seteuid?.(nobody)
    onTestFinished(() => process.seteuid?.(0))
  } else {
    chmodSync(path, 0)
  }
  await expect(connect({ kind: 'unix', path }, { timeoutMs })).rejects.toMatchObject({
    code: 'permission',
    message: `this user may not connect to ${path}; run this as the user that runs proxyd, or as root`,
  })
})

it('tells a wrong cookie from no daemon', async () => {
  const control = await startControl({ limits: { loginFailureDelay: 1 } })
  const cookieFile = join(await temporaryFolder(), 'cookie')
  const target = { ...tcpTarget(control), cookieFile }
  await expect(connect(target, { timeoutMs })).rejects.toMatchObject({
    code: 'cookie_missing',
    message: expect.stringContaining(cookieFile),
  })
  writeFileSync(cookieFile, '0'.repeat(64), { mode: 0o600 })
  await expect(connect(target, { timeoutMs })).rejects.toMatchObject({ code: 'cookie_stale' })
})

it('does not believe a daemon that cannot prove to know the cookie', async () => {
  const cookieFile = join(await temporaryFolder(), 'cookie')
  writeFileSync(cookieFile, '1'.repeat(64), { mode: 0o600 })
  const keys = makeKeys('another secret')
  const target = await startImpostor((socket) => {
    const framer = new LineFramer(10_000)
    socket.write(hello)
    socket.on('data', (chunk) => {
      framer.feed(chunk)
      for (let line = framer.next(); line !== undefined; line = framer.next()) {
        const { id, method, params } = parseRequest(line)
        const message = String(params.message)
        if (method === 'session.start') socket.write(resultLine(id, { protocol: [1, 0] }))
        if (method === 'auth.begin') {
          const ring = { keysOf: () => keys, decoySecret: Buffer.alloc(32) }
          socket.write(resultLine(id, { message: beginServer(message, ring).message }))
        }
        if (method === 'auth.finish') {
          const signature = Buffer.alloc(32).toString('base64')
          socket.write(resultLine(id, { message: `v=${signature}`, role: 'admin' }))
        }
      }
    })
  }, cookieFile)
  await expect(connect(target, { timeoutMs })).rejects.toMatchObject({
    code: 'impostor',
    message: 'the daemon does not know the password itself',
  })
})

it.each([
  ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['an SSH server', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a flood without line ends', Buffer.alloc(2 * 1024 * 1024)],
  ['a daemon of another kind', '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}\n'],
])('takes %s for no daemon', async (_, bytes) => {
  const target = await startImpostor((socket) => void socket.write(bytes))
  await expect(connect(target, { timeoutMs })).rejects.toMatchObject({ code: 'not_proxyd' })
})

it('says of what hangs up without a word that it may be no daemon', async () => {
  const path = join(await temporaryFolder(), 'mute.sock')
  for (const where of [path, 0]) {
    const server = createServer((socket) => void socket.end())
    await once(server.listen(where), 'listening')
    onTestFinished(() => void server.close())
    const target: Target =
      where === path
        ? { kind: 'unix', path }
        : {
            kind: 'tls',
            host: '127.0.0.1',
            port: (server.address() as AddressInfo).port,
            operator: 'ann',
            password: 'x',
          }
    await expect(connect(target, { timeoutMs })).rejects.toMatchObject({
      message: expect.stringMatching(/; there was no greeting: \S+ is perhaps no management (port|socket) of proxyd$/),
    })
  }
})

it('takes what lets in anybody and knows nothing for no daemon, and one that hangs up later for a daemon', async () => {
  const startAt = async (serve: (socket: Socket, id: number) => void) => {
    const path = join(await temporaryFolder(), 'other.sock')
    const server = createServer((socket) => {
      socket.write(hello)
      createInterface(socket).on('line', (line) => serve(socket, JSON.parse(line).id))
    })
    await once(server.listen(path), 'listening')
    onTestFinished(() => void server.close())
    return { kind: 'unix', path } as const
  }
  const other = await startAt((socket, id) => void socket.write(resultLine(id, {})))
  await expect(connect(other, { timeoutMs, judge: () => null })).rejects.toMatchObject({ code: 'not_proxyd' })

  const strict = await startAt((socket, id) =>
    socket.write(
      id < 3 ? resultLine(id, { role: 'admin' }) : errorLine(null, new RpcError('too_large', 'a line of 9')),
    ),
  )
  const client = await connect(strict, { timeoutMs, judge: () => null })
  const request = { text: 'x'.repeat(limits.line) }
  await expect(client.call('rules.apply', request)).rejects.toMatchObject({
    kind: 'too_large',
    message: expect.stringMatching(/^this is a request of 10486\d\d bytes, and a daemon takes 1048576/),
  })
  await expect(client.call('stats.get' as 'status.get', {})).rejects.toMatchObject({
    code: 'lost',
    message: 'the daemon hung up: a line of 9',
  })
})

it('takes a daemon that has no room for one to try later', async () => {
  const target = unixTarget(await startControl({ limits: { clients: 0 } }))
  await expect(connect(target, { timeoutMs })).rejects.toMatchObject({
    code: 'busy',
    message: expect.stringContaining('as many management clients'),
  })
  await expect(connect([target], { timeoutMs })).rejects.toMatchObject({ kind: 'unreachable', code: 'busy' })
})

it('reads why it is turned away also where the daemon has closed the socket by then', async () => {
  const path = join(await temporaryFolder(), 'busy.sock')
  const gone = Promise.withResolvers<void>()
  const busy = errorLine(null, new RpcError('busy', 'no place'))
  const daemon = createServer(
    (socket) =>
      void socket
        .on('close', () => gone.resolve())
        .end(busy)
        .destroySoon(),
  )
  await once(daemon.listen(path), 'listening')
  onTestFinished(() => void daemon.close())
  const socket = createConnection({ path, allowHalfOpen: true })
  await Promise.all([once(socket, 'connect'), gone.promise])
  const wire = new Wire(socket, { kind: 'unix', path }, () => null)
  await expect(wire.call('session.whoami', {})).rejects.toMatchObject({ code: 'busy' })
})

it('says so if the daemon speaks another version', async () => {
  const error = new RpcError('unsupported_version', 'this daemon speaks protocol version 2.0')
  const target = await startImpostor((socket) => {
    socket.write(hello)
    socket.once('data', () =>
      socket.write(`${JSON.stringify({ id: 1, error: { message: error.message, data: error } })}\n`),
    )
  })
  await expect(connect(target, { timeoutMs })).rejects.toMatchObject({ code: 'version', message: error.message })
})

it('reports a server that closes without a word as lost', async () => {
  const target = await startImpostor((socket) => void socket.end())
  await expect(connect(target, { timeoutMs })).rejects.toMatchObject({
    kind: 'lost',
    message: expect.stringMatching(
      /; there was no greeting: 127\.0\.0\.1:\d+ is perhaps no management port of proxyd$/,
    ),
  })
})

it('waits for a silent server no longer than told', async () => {
  const target = await startImpostor(() => {})
  await expect(connect(target, { timeoutMs: 20 })).rejects.toMatchObject({
    kind: 'timeout',
    message: expect.stringMatching(
      /^not logged in after 20 ms; there was no greeting: 127\.0\.0\.1:\d+ is perhaps no management port of proxyd$/,
    ),
  })
})

it('gives up when told to, before and while connecting', async () => {
  const target = await startImpostor(() => {})
  await expect(connect(target, { timeoutMs, signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'closed' })
  const giveUp = new AbortController()
  const connecting = connect(target, { timeoutMs, signal: giveUp.signal })
  giveUp.abort()
  await expect(connecting).rejects.toThrow(ConnectionError)
  await expect(connecting).rejects.toMatchObject({ kind: 'closed' })
})

it.each([{ timeoutMs: 0 }, { timeoutMs: Number.POSITIVE_INFINITY }, { keepAliveMs: -1 }, { name: 'x'.repeat(65) }])(
  'refuses the options %j',
  async (options) => {
    const target = unixTarget(await startControl())
    await expect(connect(target, options)).rejects.toThrow(RangeError)
    expect(() => followDaemon(target, options)).toThrow(RangeError)
  },
)

const tcp = { kind: 'tcp', host: '127.0.0.1', port: 70_000, cookieFile: '/nonexistent' } as const

it.each<Target>([
  tcp,
  { ...tcp, kind: 'tls', operator: 'bob', password: 'x' },
  { ...tcp, port: -1 },
  { ...tcp, port: 80, host: 'x'.repeat(300) },
  { kind: 'unix', path: '/tmp/\0' },
  { kind: 'unix', path: `/tmp/${'x'.repeat(120)}` },
])('a place that cannot be, such as %j, is no fault of the network and not tried again', async (target) => {
  await expect(connect([target])).rejects.toMatchObject({ code: 'invalid_target', kind: 'call' })
  const link = followDaemon(target)
  onTestFinished(() => link.stop())
  expect((await reaches(link, 'refused')).reason.code).toBe('invalid_target')
})
