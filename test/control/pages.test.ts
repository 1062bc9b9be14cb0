import { expect, it } from 'vitest'
import { pageOfConnections, pageOfUsers } from '../../daemon/control/handlers/pages.ts'
import { RpcError } from '../../shared/protocol/errors.ts'
import type { User } from '../../shared/protocol/methods.ts'
import { connectionOf, connectionsOf } from './fake-backend.ts'

function usersOf(...names: string[]): User[] {
  return names.map((name) => ({ name, enabled: true, stored: true, created: 0, connections: 0, up: 0, down: 0 }))
}

function names({ rows }: { rows: User[] }): string[] {
  return rows.map(({ name }) => name)
}

it('gives what fits on a page, and the next page by its cursor', () => {
  const users = usersOf('a', 'b', 'c', 'd')
  const first = pageOfUsers(users, { limit: 2 })
  const second = pageOfUsers(users, { limit: 2, cursor: first.next })
  expect([names(first), names(second)]).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ])
  expect(second).not.toHaveProperty('next')
})

it('gives 500 rows unless asked for fewer', () => {
  expect(pageOfConnections(connectionsOf(0, 501), {}).rows).toHaveLength(500)
})

it('gives an empty page for an empty list, and behind its end', () => {
  expect(pageOfUsers([], {})).toEqual({ rows: [] })
  expect(pageOfUsers(usersOf('a'), { cursor: 'b' })).toEqual({ rows: [] })
})

it('neither skips nor repeats a user when others come and go between pages', () => {
  const { next } = pageOfUsers(usersOf('b', 'd', 'f'), { limit: 2 })
  expect(names(pageOfUsers(usersOf('a', 'b', 'd', 'f'), { cursor: next }))).toEqual(['f'])
  expect(names(pageOfUsers(usersOf('b', 'e', 'f'), { cursor: next }))).toEqual(['e', 'f'])
})

it('orders users by code point, as the list is', () => {
  // In UTF-16, the surrogates of 😀 come before U+FFFD.
  const { next } = pageOfUsers(usersOf('\ufffd', '😀', '😁'), { limit: 1 })
  expect(names(pageOfUsers(usersOf('😀', '😁'), { cursor: next }))).toEqual(['😀', '😁'])
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
