import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { RawClient } from '../control/raw-client.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { sharedDaemon, spawnDaemon, startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate, set } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { greeting } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

/** The method that the proxy chooses for a client without a password. */
async function chosenMethod(port: number): Promise<string> {
  const client = await connectPeer('127.0.0.1', port)
  client.write(greeting)
  return client.readHex(2)
}

const noPassword = '0500'
const noneAcceptable = '05ff'

describe.each(mostTelling)('with the %s engine', (engine) => {
  const daemons = sharedDaemon(['--engine', engine])

  test('what is set acts at once, on live connections too', async () => {
    const daemon = await daemons()
    const client = await operate(daemon)
    const port = daemon.port('socks')

    expect(await chosenMethod(port)).toBe(noPassword)
    await set(client, { auth: 'required' })
    expect(await chosenMethod(port)).toBe(noneAcceptable)
    expect((await client.call('status.get')).result.passwordRequired).toBe(true)
    await set(client, { auth: null })

    const live = await connectThrough(port, await startTarget())
    const { changed } = await set(client, { 'timeout-idle': 200, 'timeout-negotiation': 200 })
    expect(changed).toEqual(['timeout-negotiation', 'timeout-idle'])
    expect(await live.discard()).toBe('ECONNRESET')
    const silent = await connectPeer('127.0.0.1', port)
    expect(await silent.discard()).toMatch(/^(FIN|ECONNRESET)$/)
    await set(client, { 'timeout-idle': null, 'timeout-negotiation': null })
  })

  test('max-connections is honoured, as far as there is room', async () => {
    const daemon = await daemons()
    const client = await operate(daemon)
    const target = await startTarget()
    await connectThrough(daemon.port('socks'), target)
    await set(client, { 'max-connections': 1 })
    const second = connectThrough(daemon.port('socks'), target)
    await set(client, { 'log-level': 'debug' })
    expect((await client.call('status.get')).result.sample.connections).toBe(1)
    const { warnings } = await set(client, { 'max-connections': 1_000_000 })
    expect(warnings).toEqual([expect.stringMatching(/^max-connections counts as \d+ for now.*restart/)])
    await second
  })
})

test('what is set outlasts the daemon, and acts from the start, but for what makes no sense; a flag wins over it', async () => {
  const folders = await temporaryFolders()
  const first = await startDaemon(['--timeout-idle', '7000'], { folders })
  const patch = { 'timeout-idle': 5000, 'timeout-connect': 6000, auth: 'required', 'log-level': 'warn' }
  const { revision, warnings } = await set(await operate(first), patch)
  expect(revision).toBe(1)
  expect(warnings).toContainEqual(expect.stringContaining('--timeout-idle'))
  await first.kill()
  const database = new DatabaseSync(join(folders.state, 'proxyd.db'))
  database.exec(`INSERT INTO settings VALUES ('from-the-future', '{"a":1}', 2), ('timeout-udp', '-1', 3)`)
  database.close()

  const second = await startDaemon(['--timeout-idle', '7000'], { folders })
  expect(await chosenMethod(second.port('socks'))).toBe(noneAcceptable)
  const { result } = await (await operate(second)).call('config.get')
  expect(result.revision).toBe(3)
  expect(result.settings).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'timeout-idle', value: 7000, source: 'flag' }),
      expect.objectContaining({ name: 'timeout-connect', value: 6000, source: 'stored' }),
      expect.objectContaining({ name: 'timeout-udp', source: 'default' }),
      expect.objectContaining({ name: 'auth', value: 'required', source: 'stored' }),
    ]),
  )
  // What is told below that level does not show.
  const { stderr } = await second.stop()
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/"warn".*stored setting from-the-future is ignored/),
    expect.stringMatching(/"warn".*stored setting timeout-udp is ignored/),
  ])
})

describe('a daemon for other machines that has one user', () => {
  const daemons = sharedDaemon(['-l', '0.0.0.0', '-u', 'bob:hunter2', '--log-level', 'error'])
  const revisionAt = async (client: RawClient) => (await client.call('config.get')).result.revision

  test('shows on stderr what the level of the log says, and records all', async () => {
    const daemon = await daemons()
    const client = await operate(daemon)
    await set(client, { 'timeout-idle': 5000 })
    await set(client, { 'log-level': 'info' })
    await set(client, { 'timeout-idle': 6000 })
    await daemon.logs(/timeout-idle changes from 5000 to 6000/)
    expect(daemon.stderr).not.toContain('to 5000')
    const { entries } = (await client.call('log.subscribe', { history: 100 })).result
    expect(entries.map(({ message }: { message: string }) => message)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^proxyd .* serves/),
        'timeout-idle changes from 3600000 to 5000',
        'local (unix): config.set patch={"timeout-idle":5000}',
        'log-level changes from error to info',
      ]),
    )
  })

  test('tells of two operators who change the same settings one to look again', async () => {
    const daemon = await daemons()
    const clients = [await operate(daemon), await operate(daemon)]
    const revision = await revisionAt(clients[0] as RawClient)
    const changes = clients.map((client) => client.call('config.set', { revision, patch: { 'timeout-udp': 5000 } }))
    const errors = (await Promise.all(changes)).flatMap(({ error }) => error ?? [])
    expect(errors).toMatchObject([{ data: { kind: 'conflict', revision: revision + 1 } }])
  })

  test('is made an open proxy by nobody by accident', async () => {
    const daemon = await daemons()
    const client = await operate(daemon)
    const revision = await revisionAt(client)
    for (const dryRun of [true, false]) {
      const { error } = await client.call('config.set', { revision, patch: { auth: 'none' }, dryRun })
      expect(error).toMatchObject({
        data: { kind: 'invalid_params' },
        message: expect.stringMatching(/0\.0\.0\.0.*open-proxy/),
      })
    }
    expect(await chosenMethod(daemon.port('socks'))).toBe(noneAcceptable)

    const { warnings } = await set(client, { auth: 'none', 'open-proxy': true })
    expect(warnings).toEqual([expect.stringMatching(/0\.0\.0\.0.*without a password/)])
    expect(await chosenMethod(daemon.port('socks'))).toBe(noPassword)
    const closing = { revision: revision + 1, patch: { 'open-proxy': false } }
    expect((await client.call('config.set', closing)).error?.data.kind).toBe('invalid_params')

    await set(client, { auth: 'auto', 'open-proxy': false })
    await client.call('users.remove', { name: 'bob' })
    expect((await set(client, { auth: 'required' })).warnings).toEqual([
      'there is no user, so nobody can use SOCKS: add a user',
    ])
    expect(await chosenMethod(daemon.port('socks'))).toBe(noneAcceptable)
  })
})

test('whoever leaves a daemon for other machines without users hears whether it starts again, and it is so', async () => {
  const folders = await temporaryFolders()
  const everywhere = ['-l', '0.0.0.0']
  const first = await startDaemon([...everywhere, '--auth', 'required'], { folders })
  const client = await operate(first)
  const { warnings } = await set(client, { auth: 'auto' })
  expect(warnings[0]).toMatch(
    /no user.*will not start again to serve SOCKS on 0\.0\.0\.0: add a user, or set open-proxy/,
  )
  await first.stop()
  const refused = await spawnDaemon(everywhere, { folders })
  expect(await refused.ended).toMatchObject({ status: 2 })

  const again = await startDaemon([...everywhere, '--auth', 'required'], { folders })
  expect((await set(await operate(again), { auth: 'required' })).warnings[0]).not.toContain('will not start')
  await again.stop()
  await startDaemon(everywhere, { folders })
})

test('what would open a later start is told of when it is set, at that start, and when it comes about', async () => {
  const folders = await temporaryFolders()
  const first = await startDaemon([], { folders })
  const { warnings } = await set(await operate(first), { auth: 'none', 'open-proxy': true })
  expect(warnings).toEqual([expect.stringMatching(/only this machine .*-l 0\.0\.0\.0.*without a password/)])
  const ended = await first.stop()
  expect(ended.stderr).not.toContain('anyone who reaches')

  const second = await startDaemon(['-l', '0.0.0.0'], { folders })
  const warning = () => second.stderr.match(/"warn".*anyone who reaches 0\.0\.0\.0 port \d+ may use/g)
  expect(warning()).toHaveLength(1)
  const client = await operate(second)
  await client.call('users.add', { name: 'bob', password: 'hunter2' })
  await set(client, { auth: 'auto' })
  await client.call('users.remove', { name: 'bob' })
  await second.stop()
  expect(warning()).toHaveLength(2)
})

test('the status tells whether deleting the only user opens the proxy', async () => {
  const daemon = await startDaemon(['-u', 'bob:hunter2'])
  const client = await operate(daemon)
  expect((await client.call('status.get')).result.lastUserOpens).toBe(true)
  await set(client, { auth: 'required' })
  expect((await client.call('status.get')).result.lastUserOpens).toBe(false)
})

test('an operator drains the daemon as SIGTERM would', async () => {
  const daemon = await startDaemon()
  const target = await startTarget()
  const live = await connectThrough(daemon.port('socks'), target)
  const server = await target.next()
  const client = await operate(daemon)
  expect((await client.call('daemon.drain')).result).toEqual({})
  expect((await client.call('status.get')).result.draining).toBe(true)
  expect((await client.call('daemon.drain')).error?.data.kind).toBe('draining')
  live.write('still here')
  expect(await server.readText(10)).toBe('still here')
  live.finish()
  server.finish()
  expect(await daemon.ended).toMatchObject({ status: 0, signal: null })
})

test('a drain that is under way ends when timeout-drain is set to less', async () => {
  const daemon = await startDaemon(['--timeout-drain', '86400000'])
  await connectThrough(daemon.port('socks'), await startTarget())
  const client = await operate(daemon)
  await client.call('daemon.drain')
  await set(client, { 'timeout-drain': 0 })
  expect(await daemon.ended).toMatchObject({ status: 0, signal: null })
})

test('an operator ends the daemon at once, and hears the reply first', async () => {
  const daemon = await startDaemon(['--timeout-drain', '86400000'])
  const live = await connectThrough(daemon.port('socks'), await startTarget())
  const client = await operate(daemon)
  expect((await client.call('daemon.shutdown')).result).toEqual({})
  expect((await client.rest()).map(({ method }) => method)).toEqual(['goodbye'])
  client.socket.end()
  await once(client.socket, 'close')
  expect(await live.discard()).toBe('ECONNRESET')
  expect(await daemon.ended).toMatchObject({ status: 0, signal: null })
})
