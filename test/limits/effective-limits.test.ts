import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Account, noLimits } from '../../daemon/access/accounts.ts'
import { Groups } from '../../daemon/access/groups.ts'
import { scryptParameters } from '../../daemon/access/password-hash.ts'
import { EffectiveLimits, effective } from '../../daemon/limits/effective-limits.ts'
import type { Limits } from '../../shared/limits.ts'

const password = { ...scryptParameters, salt: Buffer.alloc(16), key: Buffer.alloc(32) }
const account = (limits: Limits): Account => ({
  ...{ name: 'bob', index: 1, id: 1, password, enabled: true, created: 0, ...noLimits },
  limits,
})

const values = fc.option(fc.integer({ min: 1, max: 9 }), { nil: null })
const limits = fc.dictionary(fc.constantFrom('rate-up', 'quota', 'max-sources'), values) as fc.Arbitrary<Limits>

it("are a user's own, then the group's, then those of everybody, where none is a limit, too", () => {
  fc.assert(
    fc.property(limits, limits, limits, (own, group, everybody) => {
      const inForce = effective(own, group, everybody)
      for (const name of ['rate-up', 'quota', 'max-sources'] as const) {
        const given = [
          { from: 'user', value: own[name] },
          { from: 'group', value: group[name] },
          { from: 'default', value: everybody[name] },
        ].find(({ value }) => value !== undefined)
        expect(inForce[name]).toEqual(given)
      }
    }),
  )
})

it('leave out what nobody has from a group', () => {
  expect(effective({ note: 'mine', group: 'staff' }, { note: 'theirs' }, { note: 'all' })).toEqual({})
})

const ofOthers = { 'max-connections': 3, expires: null } as const

it.each<[string, object]>([
  ['a number as text', { 'max-connections': '5' }],
  ['a text as number', { 'time-zone': 5 }],
  ['what is no network', { sources: ['10.0.0.0/8', 'x'] }],
  ['no network at all', { sources: [] }],
  ['what is no time', { expires: 'damaged' }],
  ['what is below the least', { 'max-sources': 0 }],
  ['what is no choice', { cycle: 'year' }],
  ['what is no zone', { 'time-zone': 'Mars/Olympus' }],
  ['what is no address', { egress: ['0.0.0.0'] }],
  ['a group that is none', { group: 7 }],
])('let nobody in any more where the store has %s, be it of a group', (_, damaged) => {
  const closed = (from: string) => ({
    'max-connections': { value: 3, from: expect.anything() },
    expires: { value: 0, from },
  })
  expect(effective(damaged, {}, ofOthers)).toEqual(closed('user'))
  expect(effective(ofOthers, damaged, {})).toEqual(closed('group'))
  expect(effective(ofOthers, {}, damaged)).toEqual(closed('default'))
})

it('leave out what a later version of proxyd has stored', () => {
  expect(effective({ quota: 1, 'to-come': 5, toString: 5 } as Limits, {}, {})).toEqual({
    quota: { value: 1, from: 'user' },
  })
})

it('are the same object until something of them changes', () => {
  const groups = new Groups([
    { name: 'staff', limits: { quota: 1 }, revision: 1 },
    { name: 'guests', limits: {}, revision: 1 },
  ])
  const known = new EffectiveLimits(groups)
  const bob = account({ group: 'staff' })
  const before = known.of(bob)
  expect(before).toEqual({ quota: { value: 1, from: 'group' } })
  groups.put({ name: 'guests', limits: { quota: 9 }, revision: 2 })
  expect(known.of(bob)).toBe(before)
  groups.put({ name: 'staff', limits: { quota: 2 }, revision: 3 })
  expect(known.of(bob)).toEqual({ quota: { value: 2, from: 'group' } })
  groups.put({ name: 'default', limits: { warn: 80 }, revision: 4 })
  expect(known.of(bob)).toEqual({ quota: { value: 2, from: 'group' }, warn: { value: 80, from: 'default' } })
  expect(known.of(account({ group: 'gone' }))).toEqual({ warn: { value: 80, from: 'default' } })
})
