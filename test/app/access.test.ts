import { expect, test } from 'vitest'
import { addAccess, addEarlier, connectionOf, entryId, noAccess, toggleHold } from '../../tui/app/state/access.ts'
import { accessEntryOf } from '../access-log/entries.ts'

const of = (number: number) => accessEntryOf({ id: `a-${number}` })
const idsOf = (entries: readonly { id: string }[]) => entries.map(({ id }) => id)

test('what was before comes before what came meanwhile, each once', () => {
  const came = addAccess(noAccess, [of(3), of(4)], 2)
  const found = addEarlier(addEarlier(came, [of(4), of(3), of(2)]), [of(1)])
  expect(idsOf(found.entries)).toEqual(['a-1', 'a-2', 'a-3', 'a-4'])
  expect(found.missed).toBe(2)
})

test('the newest are kept', () => {
  const many = Array.from({ length: 6000 }, (_, i) => of(i))
  const access = addAccess(addAccess(noAccess, many.slice(0, 4000), 0), many.slice(4000), 0)
  expect(access.entries).toHaveLength(5000)
  expect(access.entries.at(-1)?.id).toBe('a-5999')
  expect(addEarlier(access, [of(-1)]).entries).toEqual(access.entries)
})

test('while it is held, what is shown stays, and goes on afterwards', () => {
  const held = addAccess(toggleHold(addAccess(noAccess, [of(1)], 0)), [of(2)], 0)
  expect(idsOf(held.held ?? [])).toEqual(['a-1'])
  const going = toggleHold(held)
  expect([going.held, idsOf(going.entries)]).toEqual([null, ['a-1', 'a-2']])
})

test('the beginning and the end of a connection are two entries', () => {
  expect(entryId(accessEntryOf({ event: 'start' }))).not.toBe(entryId(accessEntryOf()))
})

test('an entry tells of a connection', () => {
  expect(connectionOf(accessEntryOf({ name: null, address: '2001:db8::1', rule: 16 }))).toEqual({
    id: 'k3fq-17',
    state: 'open',
    user: null,
    command: 'connect',
    client: '127.0.0.1:42084',
    destination: '[2001:db8::1]:443',
    address: '[2001:db8::1]:443',
    opened: 1767225661518,
    up: 2210,
    down: 184320,
    rule: 16,
    ended: 1767225661730,
    reason: 'finished',
  })
  expect(connectionOf(accessEntryOf({ reason: null, source: null, port: null, address: null }))).toMatchObject({
    client: '-',
    destination: null,
    address: null,
  })
})
