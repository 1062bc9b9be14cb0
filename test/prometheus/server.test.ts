import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { ControlListenError } from '../../daemon/control/start-error.ts'
import { families, type Snapshot } from '../../daemon/prometheus/families.ts'
import { MetricsServer } from '../../daemon/prometheus/server.ts'
import { HandedSockets } from '../../daemon/sockets/handed-sockets.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'

const nothing = Object.fromEntries(Object.keys(families).map((name) => [name, []])) as unknown as Snapshot

async function listen(address = '127.0.0.1') {
  const tellError = vi.fn()
  const server = await MetricsServer.listen([{ address, port: 0 }], tellError)
  onTestFinished(() => server.close())
  const port = server.listening[0]?.port ?? 0
  let asked = 0
  let whyNotReady: string | undefined
  const takeSnapshot = vi.fn((): Snapshot => ({ ...nothing, proxyd_auth_queue: [[{}, ++asked]] }))
  const tell = () => server.tell({ takeSnapshot, whyNotReady: () => whyNotReady })
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    ask({ host: address, port, path, headers, method })
  const drain = () => {
    whyNotReady = 'draining'
  }
  return { server, port, tell, get, drain, takeSnapshot, tellError }
}

async function ask(options: object): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  const asking = request({ ...options, agent: false }).end()
  const [response] = await once(asking, 'response')
  const chunks = await response.setEncoding('utf8').toArray()
  return { status: response.statusCode, body: chunks.join(''), headers: response.headers }
}

/** All that comes for these bytes, until the server ends. */
async function raw(port: number, bytes: string): Promise<string> {
  const peer = await connectPeer('127.0.0.1', port)
  peer.write(bytes)
  return peer.readTextToEnd()
}

it('says whether the process answers, and whether it takes clients', async () => {
  const { get, tell, drain, takeSnapshot } = await listen()
  expect(await get('/healthz')).toMatchObject({ status: 200, body: 'alive\n' })
  expect(await get('/readyz')).toMatchObject({ status: 503, body: 'starting\n' })
  expect(await get('/metrics')).toMatchObject({ status: 503, body: 'starting\n' })
  await tell()
  expect(await get('/readyz')).toMatchObject({ status: 200, body: 'ready\n' })
  drain()
  expect(await get('/readyz')).toMatchObject({ status: 503, body: 'draining\n' })
  expect(await get('/healthz')).toMatchObject({ status: 200 })
  expect(takeSnapshot).not.toHaveBeenCalled()
  // Monitoring goes on to the end.
  expect(await get('/metrics')).toMatchObject({ status: 200 })
})

it('tells metrics in either format, taken once a second however many ask', async () => {
  const { get, tell, takeSnapshot } = await listen()
  await tell()
  const clock = vi.spyOn(performance, 'now')
  onTestFinished(() => clock.mockRestore())
  clock.mockReturnValue(5_000)
  const text = await get('/metrics?x=1')
  expect(text.headers).toMatchObject({
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    connection: 'close',
  })
  expect(text.body).toMatch(/\nproxyd_auth_queue 1\n$/)
  clock.mockReturnValue(5_999)
  const openmetrics = await get('/metrics', { Accept: 'application/openmetrics-text' })
  expect(openmetrics.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
  expect(openmetrics.body).toMatch(/\nproxyd_auth_queue 1\n# EOF\n$/)
  expect(takeSnapshot).toHaveBeenCalledTimes(1)
  clock.mockReturnValue(6_000)
  expect((await get('/metrics')).body).toMatch(/\nproxyd_auth_queue 2\n$/)
  const { status, body, headers } = await get('/metrics', {}, 'HEAD')
  expect([status, body, headers['content-length']]).toEqual([200, '', text.headers['content-length']])
})

it('knows three paths, and two methods', async () => {
  const { get, tell } = await listen()
  await tell()
  expect(await get('/')).toMatchObject({ status: 404 })
  expect(await get('/metrics/../healthz')).toMatchObject({ status: 404 })
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])
    expect(await get('/metrics', {}, method)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
})

it('is no address of ours for a page that a browser on this machine shows', async () => {
  const { get, tell, port } = await listen()
  await tell()
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', '[evil]'])
    expect(await get('/metrics', { Host: host })).toMatchObject({ status: 421 })
  for (const host of ['localhost', `localhost:${port}`, '127.0.0.1', `[::1]:${port}`, '192.0.2.1:80'])
    expect(await get('/metrics', { Host: host })).toMatchObject({ status: 200 })
})

it('answers one request a connection, whatever comes behind it', async () => {
  const { tell, port, takeSnapshot } = await listen()
  await tell()
  const answers = await raw(port, 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1000))
  expect(answers.match(/HTTP\/1.1 200/g)).toHaveLength(1)
  expect(takeSnapshot).toHaveBeenCalledTimes(1)
  expect(await raw(port, 'GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 .*\r\n\r\nalive\n$/s)
})

it('does not look at what comes behind a request, be it no HTTP', async () => {
  const { server, port } = await listen()
  // More than the kernel takes at once.
  const many = [...Array(9000).keys()].map((i): [{ user: string }, number] => [{ user: 'x'.repeat(600) }, i])
  const snapshot = { ...nothing, proxyd_user_sessions: many }
  await server.tell({ takeSnapshot: () => snapshot, whyNotReady: () => undefined })
  const request = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'
  for (const behind of ['GET', '\0\0\0', request.repeat(100)]) {
    const answer = await raw(port, request + behind)
    expect([answer.slice(0, 15), answer.slice(-8)]).toEqual(['HTTP/1.1 200 OK', '"} 8999\n'])
  }
})

it('refuses a head that is too long, or is none of a request', async () => {
  const { port } = await listen()
  expect(await raw(port, `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(9000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 431 /,
  )
  expect(await raw(port, `GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /)
  for (const nonsense of [
    '\x16\x03\x01 this is TLS',
    '\r\n\r\n',
    'GET / HTTP/1.0\n\n',
    'GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n',
    'GET /healthz HTTP/1.1\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n',
  ])
    expect(await raw(port, nonsense)).toMatch(/^HTTP\/1.1 400 /)
})

it('cuts whoever is not done in five seconds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { port, get } = await listen()
  const slow = await connectPeer('127.0.0.1', port)
  slow.write('GET /healthz HT')
  expect(await get('/healthz')).toMatchObject({ status: 200 })
  await vi.advanceTimersByTimeAsync(5_000)
  expect(await slow.discard()).toMatch(/FIN|ECONNRESET/)
})

it('gives the place of who came first to a newcomer, so that a crowd keeps nobody out', async () => {
  const { port, get } = await listen()
  const crowd: Peer[] = []
  for (let i = 0; i < 40; i++) crowd.push(await connectPeer('127.0.0.1', port))
  expect(await get('/healthz')).toMatchObject({ status: 200 })
  // Sixteen have a place, and who was served has left theirs.
  const last = crowd.splice(-15)
  for (const peer of crowd) expect(await peer.discard()).toMatch(/FIN|ECONNRESET/)
  for (const peer of last) {
    peer.write('GET /healthz HTTP/1.0\r\n\r\n')
    expect(await peer.readTextToEnd()).toMatch(/alive\n$/)
  }
})

it('lets the crowd of one source take the places of nobody else', async () => {
  const listening = await MetricsServer.listen(
    ['127.0.0.1', '::1'].map((address) => ({ address, port: 0 })),
    vi.fn(),
  )
  onTestFinished(() => listening.close())
  const [crowded, other] = listening.listening
  const scraper = await connectPeer('::1', other?.port ?? 0)
  for (let i = 0; i < 40; i++) await connectPeer('127.0.0.1', crowded?.port ?? 0)
  scraper.write('GET /healthz HTTP/1.0\r\n\r\n')
  expect(await scraper.readTextToEnd()).toMatch(/alive\n$/)
})

it('says so where its port is taken, and in a fault of ours', async () => {
  const { port, server, tellError, get } = await listen()
  await expect(MetricsServer.listen([{ address: '127.0.0.1', port }], tellError)).rejects.toThrow(ControlListenError)
  const fault = new Error('a fault')
  await server.tell({
    takeSnapshot: () => {
      throw fault
    },
    whyNotReady: () => undefined,
  })
  const { status, body } = await get('/metrics')
  expect([status, body.includes('a fault')]).toEqual([500, true])
  expect(tellError).toHaveBeenCalledExactlyOnceWith(fault)
  expect(await get('/healthz')).toMatchObject({ status: 200 })
})

it('leaves a socket that it is handed to the process before, until it has something to tell', async () => {
  const before = await listen()
  await before.tell()
  const address = before.server.listening[0]
  if (!address) throw new Error('it listens nowhere')
  const server = await MetricsServer.listen(
    [{ ...address, port: 0 }],
    vi.fn(),
    new HandedSockets(before.server.sockets),
  )
  onTestFinished(() => server.close())
  expect(server.listening).toEqual([address])
  expect(server.sockets).toEqual(before.server.sockets)
  for (let i = 0; i < 50; i++) expect(await before.get('/readyz')).toMatchObject({ status: 200 })
})

it('answers who had come when it leaves', async () => {
  const { port, server, tell, get } = await listen()
  await tell()
  const peer = await connectPeer('127.0.0.1', port)
  // Whoever came before this one has been taken, too.
  await get('/healthz')
  server.leave()
  peer.write('GET /readyz HTTP/1.0\r\n\r\n')
  expect(await peer.readTextToEnd()).toMatch(/ready\n$/)
})

it('gives everything back', async () => {
  const { port, server } = await listen()
  const peer = await connectPeer('127.0.0.1', port)
  await server.close()
  expect(await peer.discard()).toMatch(/FIN|ECONNRESET/)
  const [error] = await once(connect(port, '127.0.0.1'), 'error')
  expect(error.code).toBe('ECONNREFUSED')
})
