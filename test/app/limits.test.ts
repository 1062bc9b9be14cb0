import { describe, expect, test } from 'vitest'
import type { Rule, User } from '../../shared/protocol/methods.ts'
import { gauge } from '../../tui/app/chart/bars.ts'
import { alarms } from '../../tui/app/state/alarms.ts'
import { refusalsLately } from '../../tui/app/state/endings.ts'
import { callOf, type Form, textsOf } from '../../tui/app/state/forms.ts'
import { groupLimitsForm, userLimitsForm } from '../../tui/app/state/limit-forms.ts'
import { limitRows, quotaUsed, rateUsed } from '../../tui/app/state/limits.ts'
import { denyForm, tryForm } from '../../tui/app/state/rule-forms.ts'
import { refusingRules } from '../../tui/app/state/rules.ts'
import { noUsers, refusedLately, type UserRow } from '../../tui/app/state/users.ts'
import type { Format } from '../../tui/app/tables/columns.ts'
import { usersTable } from '../../tui/app/tables/users-table.ts'
import { fieldOf } from '../../tui/app/text/edit.ts'
import { sampleOf } from '../helpers/sample.ts'
import { unlimited } from '../helpers/user-row.ts'

const plain: User = {
  name: 'bob',
  enabled: true,
  stored: true,
  created: 0,
  connections: 3,
  up: 0,
  down: 0,
  ...unlimited,
}
const row = (fields: Partial<User> = {}, rest: Partial<UserRow> = {}): UserRow => ({
  user: { ...plain, ...fields },
  rate: { up: 0, down: 0 },
  past: [],
  refusals: [],
  ...rest,
})
const limited = (values: Readonly<Record<string, number | string>>): Partial<User> => ({
  effective: Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { value, from: 'group' as const }]),
  ),
})
const format: Format = { now: 0, rateUnit: 'bytes', unicode: false, text: (outside) => outside }
const cell = (column: string, of: UserRow, width: number) =>
  usersTable.columns.find(({ name }) => name === column)?.cell(of, format, width)

describe('how much of a limit is used', () => {
  test.each([
    [0, '....'],
    [0.001, '#...'],
    [0.5, '##..'],
    [0.999, '###.'],
    [1, '####'],
    [7, '####'],
  ])('%d of it as a bar', (share, bar) => expect(gauge(share, 4, false)).toBe(bar))

  test('connections, rate and quota are told in the units of the limit', () => {
    const bob = row(
      { ...limited({ 'max-connections': 5, quota: 50e9, 'rate-down': 10e6 }), use: { ...plain.use, used: 12.34e9 } },
      { rate: { up: 7, down: 8.2e6 } },
    )
    expect(cell('connections', bob, 12)).toBe('#####... 3/5')
    expect(cell('connections', bob, 6)).toBe('3/5')
    expect(cell('quota', bob, 18)).toBe('##...... 12.3/50GB')
    expect(cell('rate', bob, 18)).toBe('######. 8.2/10MB/s')
  })

  test('of two rates that count, in which more of it is used', () => {
    const bob = row(limited({ 'rate-down': 1000, 'rate-up': 100 }), { rate: { up: 90, down: 500 } })
    expect(rateUsed(bob)).toEqual({ used: 90, limit: 100 })
    expect(quotaUsed(bob)).toBeNull()
  })

  test('what is in force is told with whose it is', () => {
    const effective = {
      'rate-down': { value: 10e6, from: 'group' as const },
      quota: { value: null, from: 'user' as const },
      warn: { value: 80, from: 'default' as const },
    }
    expect(limitRows({ ...plain, group: 'staff', effective })).toEqual([
      { name: 'rate-down', value: '10MB/s', whose: 'staff' },
      { name: 'quota', value: 'none', whose: null },
      { name: 'warn', value: '80', whose: 'default' },
    ])
  })
})

describe('who is near a limit', () => {
  const told = (...rows: UserRow[]) => {
    const health = {
      lag: 0,
      loops: [],
      sessions: { live: 0, max: 9 },
      descriptors: { open: 0, max: 9 },
      memory: 0,
      store: { problem: null, slowest: 0 },
      near: [],
      names: { pending: 0, failed: 0, slowest: 0 },
    }
    const status = { health, draining: false, passwordRequired: true, listening: [], sample: sampleOf(1) } as never
    return alarms({ status, lateSince: null, gaps: [], users: { ...noUsers, rows } }).map(
      ({ tone, text }) => `${tone}: ${text}`,
    )
  }
  const named = (name: string, of: UserRow): UserRow => ({ ...of, user: { ...of.user, name } })
  const spent = (used: number) => row({ ...limited({ quota: 100 }), use: { ...plain.use, used } })

  test('is an alarm a kind of limit, and nobody else', () => {
    expect(told(row(), spent(89))).toEqual([])
    expect(told(named('ann', spent(93)), named('eve', spent(100)))).toEqual(['over: quota: ann 93 % used, eve used up'])
    const warned = row({ ...limited({ quota: 100, warn: 50 }), use: { ...plain.use, used: 60 } })
    expect(told(warned)).toEqual(['warning: quota: bob 60 % used'])
    const ending = row({ use: { ...plain.use, expires: sampleOf(1).time + 3_600_000 } })
    expect(told(ending)).toEqual(['warning: expires soon: bob in 1h00m'])
    const full = row({ ...limited({ 'max-connections': 2 }), connections: 2 })
    expect(told(full)).toEqual(['over: as many connections as they may have: bob 2'])
    expect(told(row({}, { refusals: [0, 2, 1] }))).toEqual(['over: refused by a limit in the last minute: bob 3'])
    expect(refusedLately(row({}, { refusals: [0, 2, 1] }))).toBe(3)
  })

  test('of many it names some', () => {
    const rows = ['a', 'b', 'c', 'd', 'e'].map((name) => named(name, spent(100)))
    expect(told(...rows)).toEqual(['over: quota: a used up, b used up, c used up and 2 more'])
  })
})

describe('what rules refused', () => {
  const rule = (id: number, text: string, hits: number, lately: number): Rule => ({
    ...{ id, place: id, source: 'rules', text, hits, lately, last: null },
  })
  const known = {
    ...{ revision: 1, text: null },
    rules: [rule(1, 'allow to any port 443', 9, 9), rule(3, 'deny to any', 50, 0), rule(2, 'deny to *.ads', 10, 6)],
  }

  test('stands beside what limits and logins refused in the last minute, the most first', () => {
    const recent = [
      { denied: 1, finished: 0 },
      { denied: 2, finished: 9, forbidden: 8, limit_user: 9 },
    ].map((ended, at) => sampleOf(at, { ended }))
    expect(refusalsLately(recent, known)).toEqual(['9 limit of user', '6 by rule 2', '2 forbidden', '1 wrong password'])
    expect(refusalsLately(recent, null)).toEqual(['9 limit of user', '8 forbidden', '1 wrong password'])
    expect(refusalsLately(recent.slice(1), known)).toEqual(['6 by rule 2'])
    expect(refusalsLately([], known)).toEqual([])
  })

  test('is told by the rules that did so most in the last minute, and then ever', () => {
    expect(refusingRules(known).map(({ id }) => id)).toEqual([2, 3])
  })
})

describe('forms', () => {
  const typed = (form: Form, texts: Readonly<Record<string, string>>): Form => ({
    ...form,
    fields: form.fields.map((field) => ({ ...field, ...fieldOf(texts[field.name] ?? field.text) })),
  })

  test('of limits ask for what has changed, and nothing else', () => {
    const bob = { ...plain, limits: { quota: 50e9, note: 'ours' }, revision: 7 }
    const form = userLimitsForm(bob, null)
    expect(callOf(form)).toBeNull()
    expect(callOf(typed(form, { 'rate-down': '10MB/s', quota: '', note: 'ours ' }))).toEqual({
      verb: 'users set',
      values: ['bob', 'rate-down=10MB/s', 'quota='],
      flags: { revision: '7' },
    })
  })

  test('of limits show what the group has', () => {
    const staff = { name: 'staff', limits: { quota: 50e9 }, members: 1, revision: 3 }
    const everybody = { name: 'default', limits: { quota: 1e9, warn: 80 }, members: 0, revision: 1 }
    const ghost = (form: Form, name: string) => form.fields.find((field) => field.name === name)?.ghost
    const form = userLimitsForm({ ...plain, group: 'staff' }, [everybody, staff])
    expect(ghost(form, 'quota')).toBe('50GB of group staff')
    expect(ghost(form, 'warn')).toBe('80 of group default')
    expect(ghost(groupLimitsForm(staff, [everybody, staff]), 'warn')).toBe('80 of group default')
    expect(groupLimitsForm(staff, null).fields.map(({ name }) => name)).not.toContain('group')
  })

  test('of a request to be tried ask for whoever needs no login where no user is typed', () => {
    const form = tryForm()
    expect(callOf(form)).toBeNull()
    expect(callOf(typed(form, { to: 'a.example:80', resolve: '192.0.2.1' }))).toEqual({
      verb: 'rules test',
      values: ['-', 'a.example:80'],
      flags: { resolve: '192.0.2.1' },
    })
    expect(textsOf(typed(form, { to: ' a ' }))).toBe(textsOf(typed(form, { to: 'a' })))
  })

  test('of a rule are filled in from a connection', () => {
    const connection = {
      id: 'c1',
      state: 'open',
      command: 'connect',
      client: '[2001:db8::7]:4000',
      address: null,
      opened: 0,
      up: 0,
      down: 0,
    } as const
    const text = (user: string | null, destination: string | null) =>
      denyForm({ ...connection, user, destination })?.fields[0]?.text
    expect(text('bob', 'a.example:443')).toBe('deny user:bob to a.example')
    expect(text('bob smith', '[2001:db8::1]:80')).toBe('deny user:"bob smith" to 2001:db8::1')
    expect(text(null, '192.0.2.1:80')).toBe('deny from 2001:db8::7 to 192.0.2.1')
    expect(text('bob', null)).toBeUndefined()
    const tried = (command: 'bind' | 'request') =>
      denyForm({ ...connection, command, user: 'bob', destination: 'a.example:80' })?.trial?.beside?.flags
    // Of what is HTTP in absolute form rules know nothing but that it connects, which is what is tried unless told.
    expect([tried('request'), tried('bind')]).toEqual([{ from: '2001:db8::7' }, { from: '2001:db8::7', cmd: 'bind' }])
  })
})
