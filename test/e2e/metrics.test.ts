import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { type Daemon, spawnDaemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate } from '../helpers/operate.ts'
import { startTlsDaemon } from '../helpers/operators.ts'
import { connectPeer } from '../helpers/peer.ts'
import { expectRefusal, expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** What a daemon tells now, by series. */
async function scrape(daemon: Daemon): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${daemon.port('metrics')}/metrics`)
  expect(response.status).toBe(200)
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

/** By how much counters have grown since, but for what the daemon counts of itself. */
async function growth(daemon: Daemon, before: ReadonlyMap<string, number>): Promise<Record<string, number>> {
  const grown = [...(await scrape(daemon))].map(
    ([series, value]) => [series, value - (before.get(series) ?? 0)] as const,
  )
  const isCounter = ([series, change]: readonly [string, number]) =>
    change !== 0 && /^proxyd_\w+_(total|count)\b/.test(series) && !series.startsWith('proxyd_store_')
  return Object.fromEntries(grown.filter(isCounter))
}

const bob = ['-u', 'bob:correct horse']

describe.each(mostTelling)('metrics of the %s engine', (kind) => {
  it('move by exactly what clients did', async () => {
    const daemon = await startDaemon(['--engine', kind, '--metrics-addr', '0', '--metrics-users', 'top', ...bob])
    const target = await startTarget()
    const before = await scrape(daemon)
    expect(before.get('proxyd_user_bytes_total{user="bob",direction="up"}')).toBe(0)

    const enter = async (host: string, password: string) => {
      const client = await connectPeer(host, daemon.port('socks'))
      client.write(bytes(greetingForLogin, login('bob', password)))
      expect(await client.readHex(2)).toBe('0502')
      return client
    }
    const client = await enter('127.0.0.1', 'correct horse')
    expect(await client.readHex(2)).toBe('0100')
    client.write(request(target.host, target.port))
    await expectReply(client, succeeded)
    client.write('hello')
    const peer = await target.next()
    expect(await peer.readText(5)).toBe('hello')
    peer.write('welcome')
    expect(await client.readText(7)).toBe('welcome')
    await eventually(async () => {
      const now = await scrape(daemon)
      const [open, sessions] = ['proxyd_connections{state="open"}', 'proxyd_user_sessions{user="bob"}']
      expect([now.get(open), now.get(sessions)]).toEqual([1, 1])
    })
    client.finish()
    peer.finish()

    // What proxyd listens on is no place for its clients, and this tells who they are.
    const curious = await enter('::1', 'correct horse')
    expect(await curious.readHex(2)).toBe('0100')
    curious.write(request('127.0.0.1', daemon.port('metrics')))
    await expectRefusal(curious, '02')
    curious.finish()
    const reader = await connectPeer('127.0.0.1', daemon.port('socks'))
    const authorization = `Basic ${Buffer.from('bob:correct horse').toString('base64')}`
    reader.write(
      `GET http://127.0.0.1:${daemon.port('metrics')}/ HTTP/1.1\r\nProxy-Authorization: ${authorization}\r\n\r\n`,
    )
    expect(await reader.readTextToEnd()).toMatch(/^HTTP\/1\.1 403 /)
    const stranger = await enter('127.0.0.1', 'a guess')
    expect(await stranger.readHex(2)).toBe('0101')
    stranger.finish()
    daemon.signal('SIGHUP')

    await eventually(async () =>
      expect(await growth(daemon, before)).toEqual({
        'proxyd_connections_accepted_total{listener="socks",family="ipv4"}': 3,
        'proxyd_connections_accepted_total{listener="socks",family="ipv6"}': 1,
        'proxyd_sessions_total{command="connect",reason="finished"}': 1,
        'proxyd_sessions_total{command="connect",reason="forbidden"}': 1,
        'proxyd_sessions_total{command="request",reason="forbidden"}': 1,
        'proxyd_sessions_total{command="none",reason="denied"}': 1,
        proxyd_session_duration_seconds_count: 1,
        'proxyd_sessions_by_protocol_total{protocol="socks5"}': 3,
        'proxyd_sessions_by_protocol_total{protocol="http"}': 1,
        'proxyd_session_bytes_total{direction="up"}': 5,
        'proxyd_session_bytes_total{direction="down"}': 7,
        proxyd_handshake_duration_seconds_count: 1,
        'proxyd_connect_duration_seconds_count{family="ipv4",result="connected"}': 1,
        'proxyd_auth_total{result="ok"}': 3,
        'proxyd_auth_total{result="denied"}': 1,
        'proxyd_rule_decisions_total{action="deny"}': 2,
        'proxyd_config_reloads_total{result="ok"}': 1,
        'proxyd_user_bytes_total{user="bob",direction="up"}': 5,
        'proxyd_user_bytes_total{user="bob",direction="down"}': 7,
      }),
    )
    const loops = [...(await scrape(daemon)).keys()].filter((series) => series.startsWith('proxyd_loop_busy_ratio'))
    expect(loops.length).toBeGreaterThan(kind === 'linux' ? 1 : 0)
    expect(loops).toContain('proxyd_loop_busy_ratio{loop="main"}')
  })
})

it('tells of listed users only, if it is to', async () => {
  const listed = ['--metrics-users', 'listed', '--metrics-user', 'bob', '--metrics-user', 'nobody']
  const addresses = ['--metrics-addr', '0', '--metrics-addr', '[::1]:0']
  const daemon = await startDaemon([...addresses, ...listed, ...bob, '-u', 'eve:also a word'])
  const sessions = [...(await scrape(daemon)).keys()].filter((series) => series.startsWith('proxyd_user_sessions'))
  expect(sessions).toEqual(['_anonymous', 'bob', '_other'].map((user) => `proxyd_user_sessions{user="${user}"}`))
  const operator = await operate(daemon)
  expect((await operator.call('status.get')).result.health).not.toHaveProperty('openMetrics')
  await operator.call('users.add', { name: 'nobody', password: 'a long password' })
  await eventually(async () =>
    expect([...(await scrape(daemon)).keys()]).toContain('proxyd_user_sessions{user="nobody"}'),
  )
})

it('tells of operators, bans, the certificate, the access log and the store, and who can read that', async () => {
  const log = join(await temporaryFolder(), 'access.log')
  const { daemon, ca } = await startTlsDaemon([
    '--metrics-addr',
    '0.0.0.0:0',
    '--metrics-addr',
    '0',
    '--access-log',
    log,
  ])
  const expiry = Date.parse(new X509Certificate(await readFile(ca)).validTo) / 1000
  const told = async (...series: string[]) => {
    const now = await scrape(daemon)
    return series.map((name) => now.get(name))
  }
  expect(await told('proxyd_tls_certificate_expiry_seconds{listener="control-tls"}')).toEqual([expiry])
  const operator = await operate(daemon)
  const [address] = daemon.listening('metrics')
  expect(address).toMatch(/^0\.0\.0\.0:\d+$/)
  expect(daemon.stderr).toContain(`whoever reaches ${address} can read the metrics`)
  const { health, listening } = (await operator.call('status.get')).result
  expect(health.openMetrics).toEqual([address])
  expect(listening).toContainEqual({ service: 'metrics', address })
  await operator.call('bans.add', { source: '192.0.2.1', seconds: 3600 })
  await operator.call('bans.add', { source: '2001:db8::/64' })
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write('(get / HTTP/1.1\r\n\r\n')
  await client.discard()
  const writes = 'proxyd_store_write_seconds_count'
  await eventually(async () => {
    const bans = [
      'proxyd_bans{family="ipv4"}',
      'proxyd_bans{family="ipv6"}',
      'proxyd_bans_imposed_total{cause="operator"}',
    ]
    expect(await told('proxyd_management_clients{role="admin"}', ...bans)).toEqual([1, 1, 1, 2])
    expect(await told('proxyd_access_log_records_total', 'proxyd_access_log_dropped_total')).toEqual([1, 0])
    expect((await told(writes))[0]).toBeGreaterThanOrEqual(2)
  })
  // A key that is another certificate's: what was in force stays so.
  await writeFile(ca, makeCertificate('127.0.0.1').cert)
  daemon.signal('SIGHUP')
  const reloads = ['proxyd_config_reloads_total{result="ok"}', 'proxyd_config_reloads_total{result="failed"}']
  await eventually(async () => expect(await told(...reloads)).toEqual([0, 1]))
  await operator.call('bans.remove', { source: '192.0.2.1' })
  await eventually(async () => expect(await told('proxyd_bans{family="ipv4"}')).toEqual([0]))
})

it('does not start where the port is taken', async () => {
  const { port } = await startTarget()
  const { status, stderr } = await (await spawnDaemon(['--metrics-addr', `${port}`])).ended
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^proxyd: port \d+ on 127.0.0.1 is taken: .*--metrics-addr\n$/),
  ])
})

it('tells of no user by itself, and says that it drains while it does', async () => {
  const daemon = await startDaemon(['--metrics-addr', '0', '--timeout-drain', '1h', ...bob])
  expect([...(await scrape(daemon)).keys()].filter((series) => series.includes('user='))).toEqual([])
  const ready = async () => {
    const response = await fetch(`http://127.0.0.1:${daemon.port('metrics')}/readyz`)
    return [response.status, await response.text()]
  }
  expect(await ready()).toEqual([200, 'ready\n'])
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  await eventually(async () => expect((await scrape(daemon)).get('proxyd_connections{state="negotiating"}')).toBe(1))
  daemon.signal('SIGTERM')
  await daemon.logs(/SIGTERM/)
  expect(await ready()).toEqual([503, 'draining\n'])
  client.reset()
  expect((await daemon.ended).status).toBe(0)
})
