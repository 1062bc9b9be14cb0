import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type EventName, events, type Method, methods } from '../../shared/protocol/methods.ts'
import { greeted, type RawClient, started } from '../control/raw-client.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { operate } from '../helpers/operate.ts'
import { eventExamples, examples } from './examples.ts'

/** Each example of PROTOCOL.md is put to a real daemon. */

const names = Object.keys(examples) as Method[]
/** Another daemon must have other nonces; `worked-login.ts` has a login of its own. */
const logins: readonly Method[] = ['auth.begin', 'auth.finish']
const endings: readonly Method[] = ['daemon.drain', 'daemon.shutdown']
/** Its answer tells who the successor is. */
const upgrade = 'daemon.upgrade'
/** Asked of a connection that there is, below. */
const details = 'connections.get'
/** It takes a folder that is the test's: test/e2e/store.test.ts. */
const backup = 'transfer.backup'
/** Asked of one in test/control/auditor.test.ts. */
const cut = 'sessions.cut'
/** It takes somebody who is waited for, below. */
const undrain = 'daemon.undrain'
/** They take a fleet: test/control/nodes.test.ts. */
const ofFleets = names.filter((name) => name.startsWith('nodes.'))
const otherwise = [...logins, ...endings, ...ofFleets, undrain, upgrade, details, backup, cut]
const asked = names.filter((name) => !otherwise.includes(name))

/** Whose results are of the moment. Those of the others must be as shown. */
const varying: readonly Method[] = [
  'session.ping',
  'status.get',
  'daemon.reload',
  'users.list',
  'connections.list',
  'connections.closed',
  'connections.kill',
  'access.list',
  'access.subscribe',
  'events.list',
  'watches.list',
  'watches.add',
  'events.subscribe',
  'metrics.subscribe',
  'metrics.history',
  'usage.list',
  'log.subscribe',
  'config.get',
  'bans.list',
  'bans.add',
  'bans.remove',
  'rules.list',
  'operators.list',
  'sessions.list',
  'audit.list',
  'audit.subscribe',
  'transfer.export',
  'transfer.import',
  'rpc.describe',
]

test.each(names)('%s: what is shown fits the table, without a member too many', (name) => {
  const { params, result } = examples[name]
  expect(methods[name].params.parse(params)).toEqual(params)
  expect(methods[name].result.parse(result)).toEqual(result)
})

test.each(Object.keys(events) as EventName[])('%s: what is shown fits the table, without a member too many', (name) => {
  expect(events[name].params.parse(eventExamples[name])).toEqual(eventExamples[name])
})

describe('a daemon answers', () => {
  const ends = new AsyncDisposableStack()
  let daemon: Daemon

  beforeAll(async () => {
    daemon = await startDaemon([], { atEnd: ends.defer.bind(ends) })
  })
  afterAll(() => ends.disposeAsync())

  test('those who prepare it', async () => {
    const client = await operate(daemon)
    for (const name of ['bob', 'cid']) await done(client, 'users.add', { name, password: 'x' })
    for (const name of ['ann', 'joe'])
      await done(client, 'operators.add', { name, role: 'viewer', password: '12345678' })
  })

  test.each(asked)('%s', async (name) => {
    const client = await greeted({ path: join(daemon.folders.runtime, 'proxyd.sock') })
    if (name !== 'session.start') await started(client)
    const result = await done(client, name, examples[name].params)
    expect(methods[name].result.parse(result)).toEqual(result)
    if (!varying.includes(name)) expect(result).toEqual(examples[name].result)
  })
})

test(`a daemon answers ${details}, and with somebody to wait for ${undrain}`, async () => {
  const daemon = await startDaemon()
  const guest = connect(daemon.port('socks'), '127.0.0.1')
  onTestFinished(() => void guest.destroy())
  const client = await operate(daemon)
  const row = await eventually(async () => {
    const { result } = await client.call('connections.list')
    expect(result.connections).toHaveLength(1)
    return result.connections[0]
  })
  const result = await done(client, details, { id: row.id })
  expect(methods[details].result.parse(result)).toEqual(result)
  expect(result).toMatchObject({ connection: { id: row.id, state: 'negotiating' }, end: null })
  await done(client, 'daemon.drain', {})
  expect(await done(client, undrain, examples[undrain].params)).toEqual(examples[undrain].result)
})

test.each(endings)('a daemon answers %s, and ends', async (name) => {
  const daemon = await startDaemon()
  expect(await done(await operate(daemon), name, examples[name].params)).toEqual(examples[name].result)
  expect((await daemon.ended).status).toBe(0)
})

test(`a daemon answers ${upgrade}, and ends with its successor`, async () => {
  const daemon = await startDaemon()
  const result = await done(await operate(daemon), upgrade, examples[upgrade].params)
  expect(methods[upgrade].result.parse(result)).toEqual(result)
  expect(result).toMatchObject({ generation: 2 })
  await done(await operate(daemon), 'daemon.shutdown', {})
  expect((await daemon.ended).status).toBe(0)
})

async function done(client: RawClient, method: Method, params: object): Promise<unknown> {
  const { result, error } = await client.call(method, params)
  expect(error).toBeUndefined()
  return result
}
