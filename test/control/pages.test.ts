import { expect, it } from 'vitest'
import { pageOfConnections } from '../../daemon/control/handlers/pages.ts'
import { RpcError } from '../../shared/protocol/errors.ts'
import { connectionOf, connectionsOf } from './fake-backend.ts'

it('gives 500 rows unless asked for fewer', () => {
  expect(pageOfConnections(connectionsOf(0, 501), {}).rows).toHaveLength(500)
})

it('finds its place among connections of one millisecond', () => {
  const rows = ['a', 'b', 'c', 'd'].map((id) => ({ ...connectionOf(7), id }))
  const { next } = pageOfConnections(rows, { limit: 2 })
  expect(pageOfConnections(rows, { cursor: next }).rows.map(({ id }) => id)).toEqual(['c', 'd'])
  const without = rows.filter(({ id }) => id !== 'b')
  expect(pageOfConnections(without, { cursor: next }).rows.map(({ id }) => id)).toEqual(['a', 'c', 'd'])
})

it('goes on behind a connection that has ended', () => {
  const { next } = pageOfConnections(connectionsOf(0, 5), { limit: 3 })
  const left = connectionsOf(0, 5).filter(({ id }) => id !== 'c2')
  expect(pageOfConnections(left, { cursor: next })).toEqual({ rows: connectionsOf(3, 5) })
})

it('refuses a cursor that is none', () => {
  for (const cursor of ['', 'x', 'x y']) expect(() => pageOfConnections([], { cursor })).toThrow(RpcError)
})
