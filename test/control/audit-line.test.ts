import { expect, it } from 'vitest'
import { auditLine } from '../../daemon/control/dispatch.ts'
import { Session, someoneLocal, type Via } from '../../daemon/control/session.ts'
import { type Method, type MethodShape, methods } from '../../shared/protocol/methods.ts'
import { entered, greeted, logIn, started } from './raw-client.ts'
import { startControl } from './start-control.ts'

function deed(via: Via, method: Method, params: Record<string, unknown>): string | undefined {
  const session = new Session(via, '192.0.2.1', { ready: true, send: () => {} }, () => {})
  session.logIn(via === 'unix' ? someoneLocal('admin') : { name: 'alice', role: 'admin', isNamed: true })
  return auditLine(session, { id: 1, method, params })
}

it.each([
  ['tls', 'users.add', { name: 'bob', password: 'hunter2' }, 'alice (tls, 192.0.2.1): users.add name="bob"'],
  [
    'unix',
    'users.setEnabled',
    { name: 'a"b', enabled: false },
    'local (unix): users.setEnabled name="a\\"b" enabled=false',
  ],
  ['tcp', 'config.set', { revision: 1, patch: { a: 1 } }, 'alice (tcp, 192.0.2.1): config.set patch={"a":1}'],
  ['tls', 'daemon.drain', {}, 'alice (tls, 192.0.2.1): daemon.drain'],
] as const)('by %s, %s %j is told as who did what', (via, method, params, line) => {
  expect(deed(via, method, params)).toBe(line)
})

it('cuts short what is very long', () => {
  const line = deed('unix', 'connections.kill', { ids: Array(500).fill('x'.repeat(64)) })
  expect(line).toMatch(/^local \(unix\): connections\.kill ids=\["x+".*…$/)
  expect(line).toHaveLength(1001)
})

const shapes: [string, MethodShape][] = Object.entries(methods)

it.each(shapes)('%s is told of just if it changes something, and without secrets', (name, { role, logged, params }) => {
  const onlyLooks = /\.(list|get|closed|history|subscribe|unsubscribe|whoami|ping|describe|drop|test)$/.test(name)
  expect(logged !== undefined).toBe(role !== 'anyone' && !onlyLooks)
  expect(logged ?? []).not.toContain('password')
  expect(Object.keys(params.shape)).toEqual(expect.arrayContaining([...(logged ?? [])]))
})

it('is in the log once it is done, by name; what was refused or changes nothing is not', async () => {
  const control = await startControl()
  await control.backend.operators.add({ name: 'ann', role: 'admin', password: 'a password' })
  const ann = await greeted({ host: '127.0.0.1', port: control.port })
  await started(ann)
  await logIn(ann, 'a password', 'ann')
  const local = await entered(control)
  await ann.call('users.add', { name: 'bob', password: 'hunter2' })
  await ann.call('users.add', { name: 'bob', password: 'hunter2' })
  await local.call('users.list')
  await local.call('daemon.shutdown')
  expect(control.log).toEqual([
    'management login of ann from 127.0.0.1',
    'ann (tcp, 127.0.0.1): users.add name="bob"',
    'local (unix): daemon.shutdown',
  ])
})
