import { expect, test } from 'vitest'
import { parseAddress } from '../../daemon/net/address.ts'
import { type Condition, conditionOf, type Second } from '../../daemon/watches/conditions.ts'
import type { SessionMove } from '../../daemon/watches/session-moves.ts'
import { parseWatch } from '../../shared/filter/watch-text.ts'

function bytesOf(address: string): Uint8Array {
  return parseAddress(address)?.bytes ?? new Uint8Array(4)
}

function watch(text: string, seen = new Set<string>()) {
  const condition: Condition = conditionOf(parseWatch(text), seen)
  let now = 0
  const total = new Map<string | undefined, number>()
  /** A second later. */
  const look = (
    second: Partial<Second> & { moves?: readonly Partial<SessionMove>[]; adds?: number; of?: string } = {},
  ) => {
    now += 1000
    total.set(second.of, (total.get(second.of) ?? 0) + (second.adds ?? 0))
    const moves = (second.moves ?? []).map((move) => ({
      ...{ user: 1, source: bytesOf('192.0.2.1'), host: 'a.example', moved: 0 },
      ...move,
    }))
    const usual: Second = {
      now,
      lasted: 1000,
      moved: (user) => total.get(user),
      sessions: () => moves,
      nameOf: (index) => ['', 'bob', 'ann'][index],
      near: () => [],
      failed: [],
    }
    return condition.look({ ...usual, ...second }).map(({ state, text }) => `${state} ${text}`)
  }
  return { condition, look }
}

test('a rate is told once it was above in each second of the time, and over once it was not for as long', () => {
  const { look, condition } = watch('rate>1k user:bob for 3s')
  look({ of: 'bob' })
  const told = [2000, 2000, 500, 2000, 2000, 2000, 2000].map((adds) => look({ of: 'bob', adds }))
  expect(told.slice(0, -2).flat()).toEqual([])
  expect(told.at(-2)).toEqual(['firing bob: 1.95 KiB/s, above 1.00 KiB/s for 3s'])
  expect(told.at(-1)).toEqual([])
  expect(condition.firing).toEqual(['bob'])
  expect([0, 2000, 0, 0, 0].flatMap((adds) => look({ of: 'bob', adds }))).toEqual([
    'over bob: 0 B/s, no more above 1.00 KiB/s for 3s',
  ])
  expect(condition.firing).toEqual([])
})

test('a rate of all is that, one of a source is that of its sessions, and nobody has none', () => {
  const all = watch('rate>1k for 1s')
  all.look({ adds: 5000 })
  expect(all.look({ adds: 5000 })).toEqual(['firing all: 4.88 KiB/s, above 1.00 KiB/s for 1s'])
  const source = watch('rate>1k src:192.0.2.0/24 for 1s')
  const moves = [{ moved: 900 }, { moved: 900, source: bytesOf('192.0.2.9') }, { moved: 9000, source: bytesOf('::1') }]
  expect(source.look({ moves })).toEqual(['firing 192.0.2.0/24: 1.76 KiB/s, above 1.00 KiB/s for 1s'])
  expect(source.look({ moves: moves.slice(2) })).toHaveLength(1)
  const nobody = watch('rate>1 user:cid for 1s')
  expect([nobody.look(), nobody.look()].flat()).toEqual([])
})

test('failed logins are counted by source, within the time', () => {
  const { look, condition } = watch('login-failures>2 for 3s')
  const from = (...texts: string[]) => ({ failed: texts.map((text) => ({ bytes: bytesOf(text), text })) })
  expect(look(from('192.0.2.1', '192.0.2.1', '192.0.2.2'))).toEqual([])
  expect(look(from('192.0.2.1', '192.0.2.2'))).toEqual(['firing 192.0.2.1: more than 2 failed logins within 3s'])
  expect(look(from('192.0.2.1'))).toEqual([])
  expect(condition.firing).toEqual(['192.0.2.1'])
  expect(look(from('::1'))).toEqual(['over 192.0.2.1: no more than 2 failed logins within 3s'])
  const some = watch('login-failures>1 src:10.0.0.0/8')
  expect(some.look(from('192.0.2.1', '192.0.2.1', '10.0.0.1', '10.0.0.1'))).toHaveLength(1)
})

test('sources beyond a thousand are forgotten, the oldest first', () => {
  const { look, condition } = watch('login-failures>1 for 1h')
  for (let i = 0; i < 3000; i++) {
    const text = `10.0.${i >> 8}.${i & 255}`
    look({ failed: [text, text].map((each) => ({ bytes: bytesOf(each), text: each })) })
  }
  expect(condition.firing).toHaveLength(1000)
})

test('a destination is new once, and no more than 20 are told in a minute', () => {
  const seen = new Set(['known.example'])
  const { look } = watch('new-destination user:bob', seen)
  const to = (...hosts: string[]) => ({ moves: hosts.map((host) => ({ host })) })
  expect(look(to('known.example', 'a.example', 'a.example'))).toEqual(['seen bob goes to a.example for the first time'])
  expect(look(to('a.example'))).toEqual([])
  expect(
    look({ moves: [{ host: 'b.example', user: 2 }, { host: 'b.example', user: 0 }, { host: undefined }] }),
  ).toEqual([])
  expect(look(to(...Array.from({ length: 30 }, (_, i) => `h${i}.example`)))).toHaveLength(19)
  for (let second = 0; second < 60; second++) look()
  expect(look(to('c.example'))).toEqual([
    'seen bob goes to c.example for the first time (and 11 before that were not told)',
  ])
  for (let i = 0; i < 5000; i++) look(to(`x${i}.example`))
  expect(seen.size).toBe(2000)
})

test('who comes near a limit is told, and who is no more', () => {
  const { look, condition } = watch('near-limit user:bob')
  const near = (...users: string[]) => ({
    near: (wanted?: string) =>
      users
        .filter((user) => wanted === undefined || user === wanted)
        .map((user) => ({ user, limit: 'quota' as const, used: 95, most: 100 })),
  })
  expect(look(near('ann'))).toEqual([])
  expect(look(near('ann', 'bob'))).toEqual(['firing bob is near a limit: 95 % of quota'])
  expect(look(near('bob'))).toEqual([])
  expect(condition.firing).toEqual(['bob'])
  expect(look(near())).toEqual(['over bob is no more near quota'])
})
