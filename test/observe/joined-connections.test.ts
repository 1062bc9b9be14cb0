import { expect, it } from 'vitest'
import type { ObservedConnections } from '../../daemon/observe/connections.ts'
import { GatheredChanges } from '../../daemon/observe/gathered-changes.ts'
import { JoinedConnections } from '../../daemon/observe/joined-connections.ts'
import type { TableChange } from '../../daemon/observe/table-view.ts'
import type { Connection } from '../../shared/protocol/methods.ts'
import { connectionOf } from '../control/fake-backend.ts'
import { eventually } from '../helpers/eventually.ts'

const none: TableChange = { changed: [], moved: [], closed: [], missed: 0 }

/** Rows that the test changes. */
class Rows {
  rows: readonly Connection[]
  tell: ((change: TableChange) => void) | undefined

  constructor(...rows: readonly Connection[]) {
    this.rows = rows
  }

  watch(listener: (change: TableChange) => void) {
    this.tell = listener
    const stop = () => {
      this.tell = undefined
    }
    return { rows: this.rows, stop }
  }

  page(limit: number) {
    return { connections: this.rows.slice(0, limit) }
  }
}

function gather(...rows: readonly Connection[]) {
  const table = new Rows(...rows)
  return { table, gathered: new GatheredChanges(table) }
}

it('gathers what comes between two looks: each row once, as it is then', () => {
  const { table, gathered } = gather(connectionOf(1))
  expect(gathered.take(false)).toEqual({ ...none, isWhole: true, changed: [connectionOf(1)] })
  const more = { ...connectionOf(2), state: 'connecting' as const }
  table.tell?.({ ...none, changed: [more, connectionOf(3)], moved: [['c1', 5, 6]], missed: 2 })
  table.tell?.({ ...none, changed: [connectionOf(2)], moved: [['c3', 1, 2]] })
  table.tell?.({ ...none, moved: [['c1', 7, 8]], closed: ['c3'], missed: 1 })
  expect(gathered.take(false)).toEqual({
    isWhole: false,
    changed: [connectionOf(2)],
    moved: [['c1', 7, 8]],
    closed: ['c3'],
    missed: 3,
  })
  expect(gathered.take(false)).toEqual({ ...none, isWhole: false })
  expect(gathered.take(true)).toEqual({ ...none, isWhole: true, changed: [connectionOf(1)] })
})

function join(own: Rows, other: Rows) {
  const gathered = new GatheredChanges(other)
  const gone = Promise.withResolvers<void>()
  const joined = new JoinedConnections(own as unknown as ObservedConnections, {
    list: async () => other.rows,
    closed: async () => [],
    get: async () => undefined,
    take: async (afresh) => gathered.take(afresh),
    gone: gone.promise,
  })
  return { joined, leave: gone.resolve }
}

it('lists those of the other process first, and none twice or never, wherever pages end', async () => {
  const theirs = [connectionOf(1), connectionOf(2), connectionOf(3)]
  const ours = [connectionOf(4), connectionOf(5)]
  const { joined, leave } = join(new Rows(...ours), new Rows(...theirs))
  expect(await joined.page(10)).toEqual({ connections: [...theirs, ...ours] })
  const first = await joined.page(3)
  expect(first?.connections).toEqual(theirs)
  expect(await joined.page(2, first?.next)).toEqual({ connections: ours })
  leave()
  await Promise.resolve()
  expect(await joined.page(2, first?.next)).toEqual({ connections: ours })
})

it('tells of both while somebody watches, and of all that goes with the other process', async () => {
  const [own, other] = [new Rows(connectionOf(9)), new Rows(connectionOf(1), connectionOf(2))]
  const { joined, leave } = join(own, other)
  const seen = new Map<string, Connection>()
  const apply = ({ changed, moved, closed }: TableChange) => {
    for (const row of changed) seen.set(row.id, row)
    for (const [id, up, down] of moved) seen.set(id, { ...(seen.get(id) as Connection), up, down })
    for (const id of closed) seen.delete(id)
  }
  const watching = joined.watch(apply)
  for (const row of watching.rows) seen.set(row.id, row)
  await eventually(() => expect([...seen.keys()].sort()).toEqual(['c1', 'c2', 'c9']))
  expect(joined.rows.map(({ id }) => id)).toEqual(['c1', 'c2', 'c9'])
  other.tell?.({ ...none, moved: [['c1', 3, 4]], closed: ['c2'] })
  await eventually(() => expect(seen.get('c1')).toMatchObject({ up: 3, down: 4 }))
  expect([...seen.keys()].sort()).toEqual(['c1', 'c9'])
  leave()
  await eventually(() => expect([...seen.keys()]).toEqual(['c9']))
  expect(joined.rows).toEqual([connectionOf(9)])
  watching.stop()
})
