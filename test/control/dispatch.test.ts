import { expect, it } from 'vitest'
import { Auditor } from '../../daemon/control/auditor.ts'
import { Changes } from '../../daemon/control/changes.ts'
import { dispatch, type Handlers } from '../../daemon/control/dispatch.ts'
import { Session } from '../../daemon/control/session.ts'
import type { RpcError } from '../../shared/protocol/errors.ts'
import { methods, type Role } from '../../shared/protocol/methods.ts'
import { roles } from '../../shared/protocol/vocabulary.ts'
import { FakeBackend } from './fake-backend.ts'

const outlet = { ready: true, send: () => {} }

/** Handlers that say which method they are for. */
const handlers = Object.fromEntries(
  Object.keys(methods).map((method) => [method, () => ({ done: method })]),
) as unknown as Handlers

const log = { info: () => {}, warn: () => {}, error: () => {} }
const service = { handlers, auditor: new Auditor(new FakeBackend(), log), changes: new Changes() }

function call(role: Role, method: string, params: Record<string, unknown> = {}): unknown {
  const session = new Session('tcp', '127.0.0.1', outlet, () => {})
  session.started = true
  session.logIn({ name: 'x', role, isNamed: true })
  try {
    return dispatch(service, session, { id: 1, method, params })
  } catch (error) {
    return (error as RpcError).kind
  }
}

it.each([
  ['status.get', {}, ['viewer', 'operator', 'admin']],
  ['connections.kill', { ids: ['x'] }, ['operator', 'admin']],
  ['users.remove', { name: 'bob' }, ['admin']],
])('allows %s to just those who may', (method, params, allowed) => {
  expect(roles.filter((role) => typeof call(role, method, params) === 'object')).toEqual(allowed)
})

it('tells strangers to log in, and others that they may not', () => {
  expect(call('anyone', 'users.remove')).toBe('auth_required')
  expect(call('operator', 'users.remove')).toBe('forbidden')
})

it('looks at the role before the parameters', () => {
  expect(call('viewer', 'users.remove', { name: 7 })).toBe('forbidden')
  expect(call('admin', 'users.remove', { name: 7 })).toBe('invalid_params')
})

it('finds nothing in the prototype of the table', () => {
  for (const method of ['__proto__', 'constructor', 'toString', ''])
    expect(call('admin', method)).toBe('method_not_found')
})

it('says where the parameters are wrong', () => {
  const session = new Session('tcp', '127.0.0.1', outlet, () => {})
  session.started = true
  session.logIn({ name: 'x', role: 'admin', isNamed: true })
  const params = { ids: ['a', 7] }
  expect(() => dispatch(service, session, { id: 1, method: 'connections.kill', params })).toThrow(
    expect.objectContaining({ message: expect.stringMatching(/^ids\.1: /), details: { faults: [expect.anything()] } }),
  )
})

it.each([
  ['config.set', '{"revision":1,"patch":{"__proto__":{"backlog":1}}}'],
  ['config.set', '{"revision":1,"patch":{"backlog":1,"\\u005f_proto__":null}}'],
  ['connections.kill', '{"ids":["x"],"__proto__":{}}'],
  ['connections.kill', '{"ids":[{"__proto__":"x"}]}'],
])('refuses a __proto__ member anywhere in the parameters of %s: %s', (method, params) => {
  expect(call('admin', method, JSON.parse(params))).toBe('invalid_params')
})

it('takes __proto__ for a value like any other', async () => {
  expect(await call('admin', 'connections.kill', { ids: ['__proto__'] })).toEqual({ done: 'connections.kill' })
})

it.each([
  { used: { up: 1e308, down: 0, mark: 0, marked: 0 } },
  { used: { up: 0.5, down: 0, mark: 0, marked: 0 } },
  { used: { up: 0, down: 0, mark: 0, marked: 1e300 } },
  { created: 9e15 },
  { firstUsed: 9e15 },
])('refuses to import what could not be stored, or not be told: %j', (more) => {
  const users = [{ name: 'bob', password: 'x', ...more }]
  expect(call('admin', 'transfer.import', { users })).toBe('invalid_params')
})
