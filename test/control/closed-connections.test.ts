import { expect, it } from 'vitest'
import type { ClosedConnection } from '../../shared/protocol/methods.ts'
import { connectionOf, connectionsOf } from './fake-backend.ts'
import { entered } from './raw-client.ts'
import { startControl } from './start-control.ts'

function closedRows(count: number): ClosedConnection[] {
  return connectionsOf(0, count).map((row) => ({ ...row, ended: 9, reason: 'refused' }))
}

it('lists a hundred connections that ended, or as many as are wanted', async () => {
  const control = await startControl()
  control.backend.connections.closedRows = closedRows(150)
  const client = await entered(control)
  expect((await client.call('connections.closed')).result).toEqual({ connections: closedRows(100) })
  expect((await client.call('connections.closed', { limit: 2 })).result).toEqual({ connections: closedRows(2) })
})

it.each([0, 501, 1.5, '5'])('does not take %j for a number of connections', async (limit) => {
  const client = await entered(await startControl())
  expect((await client.call('connections.closed', { limit })).error?.data.kind).toBe('invalid_params')
})

it('tells about one connection, and says when it is not there', async () => {
  const control = await startControl()
  control.backend.connections.rows = [connectionOf(1)]
  const client = await entered(control)
  const { result } = await client.call('connections.get', { id: 'c1' })
  expect(result).toMatchObject({ connection: connectionOf(1), end: null })
  const { error } = await client.call('connections.get', { id: 'c2' })
  expect(error).toMatchObject({ message: expect.stringContaining('no such connection'), data: { kind: 'not_found' } })
  expect((await client.call('connections.get', {})).error?.data.kind).toBe('invalid_params')
})

it('tells viewers nothing of connections that ended', async () => {
  const client = await entered(await startControl())
  await client.call('session.drop', { role: 'viewer' })
  for (const [method, params] of [
    ['connections.closed', {}],
    ['connections.get', { id: 'c1' }],
  ] as const) {
    expect((await client.call(method, params)).error?.data.kind).toBe('forbidden')
  }
})
