import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ErrorKind } from '../../shared/protocol/errors.ts'
import { type Method, type MethodShape, methods } from '../../shared/protocol/methods.ts'
import { greeted, type RawClient, started } from '../control/raw-client.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { operate } from '../helpers/operate.ts'
import { startTarget } from '../helpers/target.ts'
import { examples } from './examples.ts'

/** What the table says that methods refuse, a real daemon refuses. */

/** How a client with the Unix socket, or a stranger by TCP, comes to its refusal. */
interface Provocation {
  readonly by: 'unix' | 'tcp'
  /** Requests before the one that is refused. */
  readonly first?: readonly (readonly [method: Method, params: object])[]
  readonly params: object
}

const { params: start } = examples['session.start']
const { params: begin } = examples['auth.begin']
const password = 'gravel-tulip-93'
const nobody = 'nobody'

const provocations: Readonly<Record<string, Provocation>> = {
  'session.start conflict': { by: 'unix', params: start },
  'auth.begin auth_failed': { by: 'tcp', first: [['auth.begin', begin]], params: begin },
  'auth.begin conflict': { by: 'unix', params: begin },
  'auth.finish auth_failed': { by: 'tcp', first: [['auth.begin', begin]], params: examples['auth.finish'].params },
  'auth.finish conflict': { by: 'unix', params: examples['auth.finish'].params },
  'users.add exists': {
    by: 'unix',
    first: [['users.add', { name: 'bob', password }]],
    params: { name: 'bob', password },
  },
  'users.restore exists': {
    by: 'unix',
    first: [['users.add', { name: 'fay', password }]],
    params: { name: 'fay' },
  },
  'users.restore not_found': { by: 'unix', params: { name: nobody } },
  'users.remove not_found': { by: 'unix', params: { name: nobody } },
  'users.setPassword not_found': { by: 'unix', params: { name: nobody, password } },
  'users.setEnabled not_found': { by: 'unix', params: { name: nobody, enabled: true } },
  'users.set not_found': { by: 'unix', params: { names: [nobody], fields: {} } },
  'users.set conflict': {
    by: 'unix',
    first: [
      ['users.add', { name: 'cid', password }],
      ['users.set', { names: ['cid'], fields: { quota: 0 } }],
    ],
    params: { names: ['cid'], fields: {}, ifRevision: 0 },
  },
  'users.resetQuota not_found': { by: 'unix', params: { names: [nobody] } },
  'groups.add exists': { by: 'unix', params: { name: 'default', fields: {} } },
  'groups.set not_found': { by: 'unix', params: { name: nobody, fields: {} } },
  'groups.set conflict': {
    by: 'unix',
    first: [['groups.set', { name: 'default', fields: { note: 'x' } }]],
    params: { name: 'default', fields: {}, ifRevision: 0 },
  },
  'groups.remove not_found': { by: 'unix', params: { name: nobody } },
  'groups.remove conflict': { by: 'unix', params: { name: 'default' } },
  'users.cut not_found': { by: 'unix', params: { name: nobody } },
  'connections.get not_found': { by: 'unix', params: { id: 'k3fq-17' } },
  'metrics.history not_found': { by: 'unix', params: { range: '1m', user: nobody } },
  'usage.list not_found': { by: 'unix', params: { by: 'hour', user: nobody } },
  'config.set conflict': { by: 'unix', params: { revision: 99, patch: {} } },
  // Loopback is exempt unless ban-exempt says otherwise.
  'bans.add conflict': { by: 'unix', params: { source: '127.0.0.1' } },
  'watches.add exists': {
    by: 'unix',
    first: [['watches.add', { name: 'near', text: 'near-limit' }]],
    params: { name: 'near', text: 'near-limit' },
  },
  'watches.remove not_found': { by: 'unix', params: { name: nobody } },
  'bans.remove not_found': { by: 'unix', params: { source: '192.0.2.1' } },
  'rules.apply conflict': { by: 'unix', params: { text: '', ifRevision: 99 } },
  'rules.add conflict': { by: 'unix', params: { rule: 'deny to a.example', ifRevision: 99 } },
  'rules.insert conflict': { by: 'unix', params: { rule: 'deny to a.example', place: 1, ifRevision: 99 } },
  'rules.move conflict': { by: 'unix', params: { id: 16, place: 1, ifRevision: 99 } },
  'rules.move not_found': { by: 'unix', params: { id: 99, place: 1 } },
  'rules.remove conflict': { by: 'unix', params: { ids: [16], ifRevision: 99 } },
  'rules.remove not_found': { by: 'unix', params: { ids: [99] } },
  'rules.test not_found': { by: 'unix', params: { user: nobody, host: 'a.example', port: 80 } },
  'transfer.import conflict': { by: 'unix', params: { users: [{ name: 'dan', password, limits: { group: nobody } }] } },
  'operators.add exists': {
    by: 'unix',
    first: [['operators.add', { name: 'ann', role: 'viewer', password }]],
    params: { name: 'ann', role: 'viewer', password },
  },
  'sessions.cut not_found': { by: 'unix', params: { id: 1_000_000 } },
  'operators.remove not_found': { by: 'unix', params: { name: nobody } },
  'operators.setPassword not_found': { by: 'unix', params: { name: nobody, password } },
  'operators.setRole not_found': { by: 'unix', params: { name: nobody, role: 'viewer' } },
  'daemon.undrain conflict': { by: 'unix', params: {} },
}

/** Those that take a case of their own, and where it is. */
const elsewhere = [
  'session.start unsupported_version', // below
  'daemon.drain draining', // below
  'daemon.undrain unavailable', // a port that somebody else has by then: test/e2e/undrain.test.ts
  // A successor that fails, or is under way: test/e2e/upgrade.test.ts.
  'daemon.upgrade conflict',
  'daemon.upgrade unavailable',
  'auth.begin rate_limited', // test/control/login.test.ts
  'users.add conflict', // as many users as there can be: test/access
  // A disk that takes nothing: test/e2e/full-disk.test.ts.
  'users.restore conflict',
  'users.add unavailable',
  'users.restore unavailable',
  'users.setEnabled unavailable',
  'operators.add unavailable',
  'operators.setRole unavailable',
  'config.set unavailable',
  ...['apply', 'add', 'insert', 'move', 'remove'].map((name) => `rules.${name} unavailable`),
  // A folder of its own: test/store/backups.test.ts.
  'transfer.backup exists',
  'transfer.backup unavailable',
  'transfer.export conflict', // of a fleet with very many users: test/transfer
  'transfer.export unavailable', // and of one whose store is away
  'transfer.import unavailable', // test/transfer/account-transfer.test.ts
  'operators.add conflict', // as many operators as there can be: test/access
  'groups.add conflict', // as many groups as there can be: test/limits/limit-changes.test.ts
  // What cannot be stored: there, too.
  'users.set unavailable',
  'groups.add unavailable',
  'groups.set unavailable',
  'groups.remove unavailable',
  'usage.list unavailable', // likewise
  'metrics.history unavailable', // likewise
  'watches.add conflict', // as many watches as there can be: test/watches
  'watches.add unavailable', // there, too
  'access.list unavailable', // a thread of the log that has failed: test/access-log
  'access.subscribe unavailable', // likewise
  'events.list unavailable', // what operators did cannot be read, as in audit.list
  'events.subscribe unavailable', // likewise
  'audit.subscribe unavailable', // likewise
  // A fleet, and nodes that do not answer: test/control/nodes.test.ts.
  ...['list', 'users', 'drain', 'undrain', 'forget'].flatMap((name) => [
    `nodes.${name} conflict`,
    `nodes.${name} unavailable`,
  ]),
  ...['nodes.drain', 'nodes.undrain', 'nodes.forget', 'connections.kill'].map((name) => `${name} not_found`),
  'nodes.drain draining',
  'connections.kill conflict',
  'connections.kill unavailable',
  'audit.list unavailable', // a store whose thread has failed: test/store/open-store.test.ts
]

const ends = new AsyncDisposableStack()
let daemon: Daemon

beforeAll(async () => {
  daemon = await startDaemon([], { atEnd: ends.defer.bind(ends) })
})
afterAll(() => ends.disposeAsync())

test('each refusal of the table is tested', () => {
  const told = Object.entries<MethodShape>(methods).flatMap(([method, { refuses }]) =>
    refuses.map((kind) => `${method} ${kind}`),
  )
  expect([...Object.keys(provocations), ...elsewhere].sort()).toEqual(told.sort())
})

test.each(Object.entries(provocations))('%s', async (name, { by, first = [], params }) => {
  const [method = '', kind] = name.split(' ')
  const client = by === 'unix' ? await operate(daemon) : await stranger()
  for (const [before, with_] of first) expect((await client.call(before, with_)).error).toBeUndefined()
  expect(kindOf((await client.call(method, params)).error)).toBe(kind)
})

test('session.start unsupported_version', async () => {
  const client = await greeted({ path: join(daemon.folders.runtime, 'proxyd.sock') })
  const { error } = await client.call('session.start', { ...start, protocol: [2, 0] })
  expect(error?.data).toEqual({ kind: 'unsupported_version', supported: [[1, 0]] })
})

test('daemon.drain draining', async () => {
  const draining = await startDaemon()
  // Somebody to wait for.
  const target = await startTarget()
  await connectThrough(draining.port('socks'), target)
  const client = await operate(draining)
  expect((await client.call('daemon.drain')).result).toEqual({})
  expect(kindOf((await client.call('daemon.drain')).error)).toBe('draining')
})

async function stranger(): Promise<RawClient> {
  const client = await greeted({ host: '127.0.0.1', port: daemon.port('control') })
  await started(client)
  return client
}

function kindOf(error: { readonly data: { readonly kind: string } } | undefined): ErrorKind | undefined {
  return error?.data.kind as ErrorKind | undefined
}
