import { expect, test } from 'vitest'
import type { FleetNode } from '../../shared/protocol/methods.ts'
import { Login } from '../../tui/app/link/login.ts'
import { reacher } from '../../tui/app/link/reach.ts'
import { alarms } from '../../tui/app/state/alarms.ts'
import { pagesOf } from '../../tui/app/state/daemons.ts'
import type { Status } from '../../tui/app/state/state.ts'
import { tabsOf } from '../../tui/app/state/tabs.ts'
import { noUsers } from '../../tui/app/state/users.ts'
import { Store } from '../../tui/app/store/store.ts'
import { sumOfNodes } from '../../tui/app/tables/nodes-table.ts'
import type { NamedDaemon } from '../../tui/options/daemons.ts'
import { nodeAsDaemon } from '../../tui/options/node-place.ts'
import { FakeBackend } from '../control/fake-backend.ts'

const node = (name: string, fields: Partial<FleetNode> = {}): FleetNode => ({
  ...{ name, state: 'serves', age: 0, version: '1.2.3', started: 0, socks: [], control: [] },
  ...{ connections: 1, up: 10, down: 20, cpu: 0.5 },
  ...fields,
})
const statusIn = (fleet: string | undefined): Status => ({
  ...new FakeBackend().status(),
  health: {
    ...new FakeBackend().status().health,
    ...(fleet && { fleet: { node: fleet, nodes: 3, gone: 0, problem: null, lag: 0, behind: [] } }),
  },
})

const tcp: NamedDaemon = {
  ...{ name: 'x', readOnly: true },
  places: [{ kind: 'tcp', host: '10.0.0.1', port: 8080, operator: 'ann', passwordFile: '/p', insecurePlaintext: true }],
}
const tls: NamedDaemon = {
  ...{ name: 'x', readOnly: false },
  places: [{ kind: 'tls', host: 'a.example', port: 8443, operator: 'ann', servername: 'proxy.example' }],
}

test('a node is reached as the one is that tells of it: the same login, by TLS if that is how', () => {
  const control = ['127.0.0.1:8080', '10.0.0.2:8081', 'tls:10.0.0.2:8443', 'tls:[2001:db8::2]:8443']
  expect(nodeAsDaemon(tcp, { name: 'b', control })).toEqual({
    ...{ name: 'b', readOnly: true },
    places: [{ ...tcp.places[0], host: '10.0.0.2', port: 8081 }],
  })
  expect(nodeAsDaemon(tls, { name: 'b', control: control.slice(3) })).toMatchObject({
    places: [{ kind: 'tls', host: '2001:db8::2', port: 8443, servername: 'proxy.example', operator: 'ann' }],
  })
})

test.each([
  [tls, ['127.0.0.1:8080', '10.0.0.2:8080'], /cannot be managed by TLS: start it with --control-tls-addr/],
  // Another machine's own loopback.
  [tcp, ['127.0.0.1:8080'], /cannot be managed from here/],
  [{ ...tcp, places: [{ kind: 'unix', path: '/run/x' }] } as NamedDaemon, ['10.0.0.2:8080'], /log in here as one/],
])('why a node cannot be reached is said', (by, control, text) => {
  expect(nodeAsDaemon(by, { name: 'b', control })).toMatch(text)
})

test('the page is there only in a fleet or with several daemons, and its tab counts the nodes', () => {
  const store = new Store(['here'], 250)
  store.feed(0, { type: 'status', status: statusIn(undefined) })
  store.catchUp()
  expect(pagesOf(store.state)).not.toContain('daemons')
  store.feed(0, { type: 'status', status: statusIn('a') })
  store.catchUp()
  expect(pagesOf(store.state)).toContain('daemons')
  expect(tabsOf({ ...store.state, size: { columns: 200, rows: 60 } }).at(-1)?.text).toContain('9 Fleet 3')
})

test('a node that is known is found, and another one added once', () => {
  const store = new Store(['here'], 250)
  const known = [tcp]
  const reach = reacher({
    ...{ store, known },
    add(daemon) {
      known.push(daemon)
      store.dispatch({ type: 'addDaemon', place: daemon.name })
      return known.length - 1
    },
  })
  store.feed(0, { type: 'status', status: statusIn('a') })
  store.feed(0, { type: 'told', told: { fleet: { node: 'a', nodes: [] } } })
  store.catchUp()
  expect(reach(node('a'))).toBe(0)
  expect(reach(node('b', { control: ['10.0.0.2:8080'] }))).toBe(1)
  expect(reach(node('b', { control: ['10.0.0.2:8080'] }))).toBe(1)
  expect(store.state.daemons.map(({ place }) => place)).toEqual(['here', 'b'])
  store.feed(1, { type: 'status', status: statusIn('b') })
  store.catchUp()
  // By whatever other way.
  expect(reach(node('b', { control: ['10.0.0.9:8080'] }))).toBe(1)
  expect(reach(node('c'))).toMatch(/cannot be managed/)
})

test('what was typed for one node is tried at another one first, and asked for if it is wrong', async () => {
  const store = new Store(['here', 'there'], 250)
  const login = new Login(store)
  const place = { kind: 'tcp', host: 'x', port: 1, operator: 'ann' } as const
  const first = login.ask(0, place)
  login.answer('secret')
  expect(await first).toBe('secret')
  const ask = login.reuse(1)
  expect(await ask(1, place)).toBe('secret')
  const again = ask(1, place)
  store.dispatch({ type: 'dialog', event: { do: 'close' } })
  store.dispatch({ type: 'daemon', at: 1 })
  login.answer('another')
  expect(await again).toBe('another')
})

test('what is wrong with it is an alarm', () => {
  const status = statusIn('a')
  const fleet = { node: 'a', nodes: 2, gone: 1, problem: 'connection refused', lag: 65_000, behind: ['rules'] }
  const state = {
    status: { ...status, health: { ...status.health, fleet } },
    lateSince: null,
    users: noUsers,
    gaps: [],
  }
  expect(alarms(state).map(({ text }) => text)).toEqual([
    'what other nodes change is not known here since 1m05s: connection refused',
    'rules of other nodes do not act here: the log tells why',
    '1 node of the fleet gone',
  ])
  expect(alarms({ ...state, status })).toEqual([])
})

test('the sum is of the nodes that are there', () => {
  const all = [node('a'), node('b', { state: 'drains' }), node('c', { state: 'gone' }), node('d', { state: 'ended' })]
  expect(sumOfNodes(all)).toMatchObject({ name: 'Total of 2', connections: 2, up: 20, down: 40, cpu: 1 })
})
