import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Engine, Orders } from '../../daemon/engine/engine.ts'
import { Reason, type SessionTable } from '../../daemon/engine/session-table.ts'
import { PacedBy } from '../../daemon/engine/shared/budget.ts'
import { ObservedConnections } from '../../daemon/observe/connections.ts'
import type { RateOf } from '../../daemon/observe/session-rows.ts'
import type { TableChange } from '../../daemon/observe/table-view.ts'
import { configure } from '../../daemon/settings/configuration.ts'
import type { Connection } from '../../shared/protocol/methods.ts'
import { asItIs, FakeLoop, listed } from './fake-loop.ts'

const settings = configure({ 'timeout-idle': 4321 }, {}, {}, 0).values
const names = new Map([[1, 'ann']])
const period = 250

/** Of each whose rate paces, and of bob by his own. */
const rateOf: RateOf = (by, user) => ({ up: { user, source: 1000, everybody: 0 }[by], down: 2000 })

let loops: [FakeLoop, FakeLoop]
let tables: SessionTable[]
let connections: ObservedConnections
/** Serials that the engine was told to kill. */
let killed: number[]

beforeEach(() => {
  vi.useFakeTimers()
  loops = [new FakeLoop(), new FakeLoop()]
  tables = loops.map(({ table }) => table)
  killed = []
  connections = observe()
})

afterEach(() => {
  vi.useRealTimers()
})

function observe(nameOf = (index: number) => names.get(index)): ObservedConnections {
  const order: Engine['order'] = async (_, value) => {
    const serials = value as Orders['kill']
    killed.push(...serials)
    return serials.filter((serial) => tables.some((table) => table.serial.subarray(0, table.capacity).includes(serial)))
  }
  return new ObservedConnections({ tables, order }, nameOf, () => settings, asItIs, rateOf)
}

function watch(of = connections) {
  const changes: TableChange[] = []
  return { changes, ...of.watch((change) => changes.push(change)) }
}

describe('the list', () => {
  it('shows a session as far as it has come', () => {
    const [loop] = loops
    const shown = () => listed(connections)[0]
    expect(shown()).toBeUndefined()
    loop.begin(2, { serial: 7, opened: 1_700_000_000_000, client: ['::1', 50_000] })
    expect(shown()).toEqual({
      id: expect.stringMatching(/^[a-z\d]{4}-7$/),
      state: 'negotiating',
      user: null,
      command: null,
      client: '[::1]:50000',
      destination: null,
      address: null,
      opened: 1_700_000_000_000,
      up: 0,
      down: 0,
    })
    loop.login(2, 1)
    loop.request(2, 'www.example.com', 443)
    expect(shown()).toMatchObject({
      state: 'resolving',
      user: 'ann',
      command: 'connect',
      destination: 'www.example.com:443',
      address: null,
    })
    loop.dial(2, '192.0.2.1', 443)
    expect(shown()).toMatchObject({ state: 'connecting', destination: 'www.example.com:443', address: '192.0.2.1:443' })
    loop.connected(2)
    loop.move(2, 10, 2 ** 40)
    expect(shown()).toMatchObject({ state: 'open', up: 10, down: 2 ** 40 })
    loop.end(2)
    expect(shown()).toBeUndefined()
  })

  it('tells whose rate a session waits for, when that begins and ceases, and for how long it has waited', () => {
    const [loop] = loops
    loop.begin(0, { serial: 1 })
    loop.dial(0, '192.0.2.1', 80)
    loop.connected(0)
    const { rows, changes } = watch()
    expect(rows[0]).not.toHaveProperty('paced')
    loop.pace(0, PacedBy.source, 40)
    loop.move(0, 1, 2)
    vi.advanceTimersByTime(period)
    loop.move(0, 1, 2)
    vi.advanceTimersByTime(period)
    loop.pace(0, PacedBy.nobody, 2)
    vi.advanceTimersByTime(period)
    expect(changes).toMatchObject([
      { changed: [{ paced: 'source', waited: 40, up: 1, down: 2 }], moved: [] },
      { changed: [], moved: [[rows[0]?.id, 2, 4]] },
      { changed: [{ waited: 42, up: 2, down: 4 }], moved: [] },
    ])
    expect(changes[2]?.changed[0]).not.toHaveProperty('paced')
    expect(connections.get(rows[0]?.id ?? '')).not.toHaveProperty('pace')
    loop.login(0, 7)
    for (const [by, up] of [
      [PacedBy.user, 7],
      [PacedBy.source, 1000],
      [PacedBy.everybody, 0],
    ] as const) {
      loop.pace(0, by, 0)
      expect(connections.get(rows[0]?.id ?? '')?.pace).toEqual({ up, down: 2000 })
    }
    loop.pace(0, PacedBy.everybody, 1)
    loop.end(0)
    expect(connections.get(rows[0]?.id ?? '')).not.toHaveProperty('pace')
    expect(connections.closed(1)).toMatchObject([{ paced: 'everybody', waited: 43 }])
  })

  it('shows a requested address as destination, too', () => {
    loops[0].begin(0, { serial: 1 })
    loops[0].dial(0, '2001:db8::1', 80)
    expect(listed(connections)[0]).toMatchObject({ destination: '[2001:db8::1]:80', address: '[2001:db8::1]:80' })
  })

  it('tells what was asked for though it was never dialled, and which name was tried in vain', () => {
    const [loop] = loops
    const shown = () => connections.closed(1)[0]
    let serial = 0
    for (const [address, text] of [
      ['127.0.0.1', '127.0.0.1:8080'],
      ['0.0.0.0', '0.0.0.0:8080'],
      ['::', '[::]:8080'],
    ] as const) {
      loop.begin(0, { serial: ++serial })
      loop.ask(0, address, 8080)
      loop.end(0, Reason.forbidden)
      expect(shown()).toMatchObject({ destination: text, address: text, reason: 'forbidden', command: 'connect' })
    }
    for (const [name, text] of [
      ['bob', 'bob'],
      [' \x1b[2Jb"ö', '%20%1b%5b2Jb%22%c3%b6'],
      ['x'.repeat(255), 'x'.repeat(255)],
    ] as const) {
      loop.begin(0, { serial: ++serial })
      loop.table.tried(0, Buffer.from(name))
      expect(listed(connections)).toMatchObject([{ user: null, tried: text, destination: null }])
      loop.end(0, Reason.denied)
      expect(shown()).toMatchObject({ user: null, tried: text, destination: null, address: null, command: null })
    }
    loop.begin(0, { serial: ++serial })
    loop.end(0, Reason.denied)
    expect(shown()).not.toHaveProperty('tried')
  })

  it('takes in the longest name', () => {
    const name = `${'a'.repeat(251)}.com`
    loops[0].begin(0, { serial: 1 })
    loops[0].begin(1, { serial: 2 })
    loops[0].request(0, name, 80)
    expect(listed(connections)[0]?.destination).toBe(`${name}:80`)
  })

  it('puts the sessions of all loops in order of age', () => {
    loops[0].begin(0, { serial: 11, opened: 5 })
    loops[0].begin(1, { serial: 3, opened: 9 })
    loops[1].begin(0, { serial: 2, opened: 7 })
    loops[1].begin(1, { serial: 4, opened: 5 })
    expect(listed(connections).map(({ id }) => id.split('-')[1])).toEqual(['4', '11', '2', '3'])
  })

  it('leaves out a session that ends while it is read', () => {
    const [loop] = loops
    loop.begin(0, { serial: 1 })
    loop.begin(1, { serial: 2 })
    const racing = observe(() => {
      if (loop.table.serial[0] === 1) {
        loop.end(0)
        loop.begin(0, { serial: 3 })
      }
      return undefined
    })
    expect(listed(racing).map(({ id }) => id.split('-')[1])).toEqual(['2'])
  })
})

describe('pages', () => {
  it('have every connection once, oldest first, whatever comes and goes between them', () => {
    let seed = 3
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    const loops = [new FakeLoop(200), new FakeLoop(200)]
    const observed = new ObservedConnections(
      { tables: loops.map(({ table }) => table), order: async () => [] },
      () => undefined,
      () => settings,
      asItIs,
      rateOf,
    )
    const age = ({ opened, id }: { opened: number; id: string }) => [opened, Number(id.split('-')[1])] as const
    let serial = 0
    for (let round = 0; round < 20; round++) {
      for (const loop of loops) {
        for (let slot = 0; slot < 200; slot++) {
          if (loop.table.serial[slot] === 0) loop.begin(slot, { serial: ++serial, opened: random(50) })
        }
      }
      const before = listed(observed)
      const seen: Connection[] = []
      const ended = new Set<number>()
      let cursor: string | undefined
      do {
        const page = observed.page(1 + random(60), cursor)
        seen.push(...(page?.connections ?? []))
        cursor = page?.next
        const loop = loops[random(2)]
        const slot = random(200)
        ended.add(loop?.table.serial[slot] ?? 0)
        if (loop?.table.serial[slot]) loop.end(slot)
      } while (cursor !== undefined)
      const ages = seen.map(age)
      expect(ages).toEqual(ages.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]))
      expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length)
      const ids = new Set(seen.map(({ id }) => id))
      const missing = before.filter((row) => !ids.has(row.id) && !ended.has(age(row)[1]))
      expect(missing).toEqual([])
    }
  })

  it('make rows of themselves only, however many connections there are', () => {
    const loop = new FakeLoop(5000)
    // The youngest is met first.
    for (let slot = 0; slot < 5000; slot++) loop.begin(slot, { serial: 5000 - slot, opened: 5000 - slot })
    let rows = 0
    const observed = new ObservedConnections(
      { tables: [loop.table], order: async () => [] },
      () => void rows++,
      () => settings,
      asItIs,
      rateOf,
    )
    expect(observed.page(3)?.connections.map(({ opened }) => opened)).toEqual([1, 2, 3])
    expect(rows).toBe(3)
  })

  it('are not given for a cursor that is none', () => {
    for (const cursor of ['', 'x', 'x y', '1', '1 nobody-5', ' ']) expect(connections.page(1, cursor)).toBeUndefined()
  })
})

describe('killing', () => {
  it('ends those that live and names those that do not', async () => {
    loops[0].begin(0, { serial: 1 })
    loops[1].begin(0, { serial: 2 })
    const [one, two] = listed(connections).map(({ id }) => id) as [string, string]
    loops[1].end(0)
    expect(await connections.kill([two, one, one])).toEqual({ killed: [one], missing: [two] })
    expect(killed).toEqual([2, 1])
  })

  it('does not find the ids of another start', async () => {
    loops[0].begin(0, { serial: 1 })
    const ids = Array.from({ length: 5 }, () => listed(observe())[0]?.id ?? '')
    const others = ids.filter((id) => id !== listed(connections)[0]?.id)
    expect(others.length).toBeGreaterThan(0)
    expect(await connections.kill(others)).toEqual({ killed: [], missing: [...new Set(others)] })
    expect(killed).toEqual([])
  })

  it.each(['', '-', '0', '01', '1.0', '1e0', ' 1', '+1', '-1', '1-', 'NaN', '9007199254740993'])(
    'does not take %j for a serial',
    async (serial) => {
      loops[0].begin(0, { serial: 1 })
      const id = `${listed(connections)[0]?.id.slice(0, 4)}-${serial}`
      expect(await connections.kill([id, serial])).toEqual({ killed: [], missing: [...new Set([id, serial])] })
      expect(killed).toEqual([])
    },
  )
})

describe('watching', () => {
  it('begins with the rows and tells what comes, changes, moves and goes', () => {
    const [loop] = loops
    loop.begin(0, { serial: 1 })
    const { rows, changes } = watch()
    const [first] = listed(connections)
    expect(rows).toEqual([first])

    loop.begin(1, { serial: 2 })
    vi.advanceTimersByTime(period)
    const [, second] = listed(connections)
    expect(changes.splice(0)).toEqual([{ changed: [second], moved: [], closed: [], missed: 0 }])

    loop.login(1, 1)
    loop.move(0, 5, 6)
    vi.advanceTimersByTime(period)
    expect(changes.splice(0)).toEqual([
      { changed: [{ ...second, user: 'ann' }], moved: [[first?.id, 5, 6]], closed: [], missed: 0 },
    ])

    loop.end(0)
    vi.advanceTimersByTime(period)
    expect(changes.splice(0)).toEqual([{ changed: [], moved: [], closed: [first?.id], missed: 0 }])
    expect(connections.rows).toEqual(listed(connections))
  })

  it('says nothing while nothing happens', () => {
    loops[0].begin(0, { serial: 1 })
    const { changes } = watch()
    vi.advanceTimersByTime(10 * period)
    expect(changes).toEqual([])
  })

  it('tells of each address that is tried', () => {
    const [loop] = loops
    loop.begin(0, { serial: 1 })
    loop.dial(0, '192.0.2.1', 80)
    const { changes } = watch()
    loop.dial(0, '192.0.2.2', 80)
    vi.advanceTimersByTime(period)
    expect(changes[0]?.changed).toMatchObject([{ state: 'connecting', address: '192.0.2.2:80' }])
  })

  it('tells a session from the next one in its slot', () => {
    const [loop] = loops
    loop.begin(0, { serial: 1 })
    loop.move(0, 100, 100)
    const { rows, changes } = watch()
    loop.end(0)
    loop.begin(0, { serial: 2 })
    vi.advanceTimersByTime(period)
    expect(changes).toEqual([{ changed: listed(connections), moved: [], closed: [rows[0]?.id], missed: 0 }])
    expect(changes[0]?.changed[0]?.up).toBe(0)
  })

  it('catches up with a slot that changed hands while it was read', () => {
    const [loop] = loops
    let race = () => {}
    const racing = observe(() => {
      race()
      return undefined
    })
    const { changes } = watch(racing)
    loop.begin(0, { serial: 1 })
    race = () => {
      race = () => {}
      loop.end(0)
      loop.begin(0, { serial: 2 })
    }
    vi.advanceTimersByTime(2 * period)
    const serials = changes.map(({ changed }) => changed.map(({ id }) => id.split('-')[1]))
    expect(serials).toEqual([['2']])
  })

  it('tells of every connection that ends, or counts it, and does not do both, whenever it ends', () => {
    let seed = 5
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    let serial = 0
    // A loop goes on while its table is looked at.
    const racing = observe(() => {
      if (random(4) === 0) step()
      return undefined
    })
    const step = () => {
      const loop = loops[random(2) as 0 | 1]
      const slot = random(8)
      if (loop.table.serial[slot]) loop.end(slot)
      else loop.begin(slot, { serial: ++serial })
    }
    const { changes } = watch(racing)
    for (let look = 0; look < 200; look++) {
      for (let steps = random(40); steps > 0; steps--) step()
      vi.advanceTimersByTime(period)
    }
    for (const loop of loops) for (let slot = 0; slot < 8; slot++) if (loop.table.serial[slot]) loop.end(slot)
    vi.advanceTimersByTime(3 * period)
    const seen = new Set(changes.flatMap(({ changed }) => changed.map(({ id }) => id)))
    const missed = changes.reduce((sum, change) => sum + change.missed, 0)
    expect(new Set(changes.flatMap(({ closed }) => closed))).toEqual(seen)
    expect(missed).toBeGreaterThan(serial / 10)
    expect(seen.size + missed).toBe(serial)
  })

  it('puts the rows in order once for all who begin with them, and again when they change', () => {
    const [loop] = loops
    loop.begin(0, { serial: 1 })
    watch()
    expect(connections.rows).toBe(connections.rows)
    loop.move(0, 1, 2)
    vi.advanceTimersByTime(period)
    expect(connections.rows).toEqual(listed(connections))
  })

  it('gives a second watcher the rows that the first one knows', () => {
    const [loop] = loops
    loop.begin(0, { serial: 1 })
    const first = watch()
    loop.begin(1, { serial: 2 })
    const second = watch()
    expect(second.rows).toEqual(first.rows)
    vi.advanceTimersByTime(period)
    expect(second.changes).toEqual(first.changes)
    expect(first.changes).toHaveLength(1)
  })

  it('does not tell a change to who has just seen it', () => {
    const late: TableChange[] = []
    connections.watch(() => {
      if (connections.rows.length === 1) connections.watch((change) => late.push(change))
    })
    loops[0].begin(0, { serial: 1 })
    vi.advanceTimersByTime(period)
    expect(late).toEqual([])
    loops[0].begin(1, { serial: 2 })
    vi.advanceTimersByTime(period)
    expect(late).toHaveLength(1)
  })

  it('looks at nothing any more when the last watcher has stopped', () => {
    const [one, two] = [watch(), watch()]
    one.stop()
    one.stop()
    loops[0].begin(0, { serial: 1 })
    vi.advanceTimersByTime(period)
    expect([one.changes.length, two.changes.length]).toEqual([0, 1])
    two.stop()
    expect(vi.getTimerCount()).toBe(0)
    expect(connections.rows).toEqual([])

    const again = watch()
    expect(again.rows).toEqual(listed(connections))
  })

  it('leaves rows as they were given out', () => {
    loops[0].begin(0, { serial: 1 })
    const { rows } = watch()
    const before = structuredClone(rows)
    loops[0].move(0, 5, 6)
    vi.advanceTimersByTime(period)
    expect(rows).toEqual(before)
  })
})
