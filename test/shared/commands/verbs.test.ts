import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { parseCommands, questionBefore } from '../../../shared/commands/parse.ts'
import { UsageError } from '../../../shared/commands/usage.ts'
import type { Known, Question, Table } from '../../../shared/commands/verb.ts'
import { usageOf, verbs } from '../../../shared/commands/verbs.ts'
import { runCommand } from './fake-context.ts'

const bob = {
  name: 'bob',
  enabled: true,
  stored: true,
  created: 0,
  connections: 2,
  up: 1024,
  down: 0,
  limits: { group: 'kids', 'rate-down': 10_000_000 },
  use: { ended: null },
}
const eve = { ...bob, name: 'eve', enabled: false, stored: false, limits: {} }
const late = { ...bob, name: 'late', limits: {}, use: { ended: 'expired' } }

describe('users', () => {
  test.each([
    ['adduser bob', 'users.add'],
    ['passwd bob', 'users.setPassword'],
  ])('%s makes a password, sends it and gives it to the person once', async (line, method) => {
    const { outcome, calls, asked } = await runCommand(line, { [method]: {} })
    const { password } = outcome.data as { password: string }
    expect(password).toMatch(/^[a-km-np-z2-9]{26}$/)
    expect(calls).toEqual([[method, { name: 'bob', password }]])
    expect(outcome.view).toBe(password)
    expect(outcome.note).toContain('bob')
    expect(asked).toEqual([])
  })

  test('no two passwords are alike, and every character comes up', async () => {
    const runs = await Promise.all(Array.from({ length: 200 }, () => runCommand('adduser bob', { 'users.add': {} })))
    const passwords = runs.map(({ outcome }) => outcome.view as string)
    expect(new Set(passwords).size).toBe(200)
    expect(new Set(passwords.join('')).size).toBe(32)
  })

  test.each([
    ['adduser bob --password-stdin', 'users.add', 'stdin'],
    ['adduser bob --password-prompt', 'users.add', 'prompt'],
    ['passwd bob --password-stdin', 'users.setPassword', 'stdin'],
    ['passwd bob --password-prompt', 'users.setPassword', 'prompt'],
  ])('%s takes the password given, and shows it nowhere', async (line, method, source) => {
    const { outcome, calls, asked } = await runCommand(line, { [method]: {} }, 'hunter2')
    expect(calls).toEqual([[method, { name: 'bob', password: 'hunter2' }]])
    expect(asked).toEqual([[source, 'bob']])
    expect(JSON.stringify(outcome)).not.toContain('hunter2')
    expect(outcome.data).toEqual({ name: 'bob' })
  })

  test('deluser, enable and disable say what was cut', async () => {
    const deleted = await runCommand('deluser "bob b"', { 'users.remove': { cut: 1, opened: false, stored: true } })
    expect(deleted.calls).toEqual([['users.remove', { name: 'bob b' }]])
    expect(deleted.outcome).toEqual({
      data: { name: 'bob b', cut: 1, opened: false, stored: true },
      view: 'deleted bob b, cut 1 connection',
      undo: { verb: 'users restore', values: ['bob b'] },
    })
    const { told } = (await runCommand('adduser b:ob', { 'users.add': {} })).outcome
    expect(told).toBe('added b:ob, who can log in by SOCKS5 alone: a name in an HTTP login has no colon')
    const disabled = await runCommand('disable bob', { 'users.setEnabled': { cut: 3 } })
    expect(disabled.calls).toEqual([['users.setEnabled', { name: 'bob', enabled: false }]])
    expect(disabled.outcome.view).toBe('disabled bob, cut 3 connections')
    expect(disabled.outcome.told).toBe('disabled bob, cut 3 connections for good')
    expect(disabled.outcome.undo).toEqual({ verb: 'enable', values: ['bob'] })
    const enabled = await runCommand('enable bob', { 'users.setEnabled': { cut: 0 } })
    expect(enabled.calls).toEqual([['users.setEnabled', { name: 'bob', enabled: true }]])
    expect(enabled.outcome.view).toBe('enabled bob')
  })

  test.each([
    ['deluser bob', 'users.remove'],
    ['disable bob', 'users.setEnabled'],
    ['passwd bob', 'users.setPassword'],
    ['deloperator bob', 'operators.remove'],
    ['passwdoperator bob', 'operators.setPassword'],
    ['role bob viewer', 'operators.setRole'],
    ['unban 192.0.2.1', 'bans.remove'],
  ])('%s warns of what acts and is not stored', async (line, method) => {
    const { outcome } = await runCommand(line, {
      [method]: { cut: 0, ended: 0, opened: false, lifted: [], stored: false },
    })
    expect(outcome.warnings).toEqual([expect.stringContaining('a restart undoes it')])
    expect(outcome.data).toMatchObject({ stored: false })
    const kept = await runCommand(line, { [method]: { cut: 0, ended: 0, opened: false, lifted: [], stored: true } })
    expect(kept.outcome.warnings).toBeUndefined()
  })

  test('deluser says when it leaves the proxy open', async () => {
    const { outcome } = await runCommand('deluser bob', { 'users.remove': { cut: 0, opened: true } })
    expect(outcome.data).toEqual({ name: 'bob', cut: 0, opened: true })
    expect(outcome.view).toBe('deleted bob, cut 0 connections; no user is left: from now on no password is required')
  })

  test("cut says how many of the user's connections it cut", async () => {
    const { outcome, calls } = await runCommand('cut user:bob', { 'users.cut': { cut: 2 } })
    expect(calls).toEqual([['users.cut', { name: 'bob' }]])
    expect(outcome).toEqual({ data: { name: 'bob', cut: 2 }, view: 'cut 2 connections of bob' })
  })

  test('users follows the cursor to the last page', async () => {
    const pages = [{ users: [bob], next: 'after bob' }, { users: [] as unknown[], next: 'on' }, { users: [eve, late] }]
    const { outcome, calls } = await runCommand('users', { 'users.list': pages })
    expect(calls.map(([, params]) => params)).toEqual([{}, { cursor: 'after bob' }, { cursor: 'on' }])
    expect(outcome.data).toEqual([bob, eve, late])
    expect((outcome.view as Table).rows).toEqual([
      ['bob', 'enabled', 'kept', '2', '0 B', '1.00 KiB', '1970-01-01T00:00:00Z', 'group=kids rate-down=10MB/s'],
      ['eve', 'disabled', 'until restart', '2', '0 B', '1.00 KiB', '1970-01-01T00:00:00Z', ''],
      ['late', 'expired', 'kept', '2', '0 B', '1.00 KiB', '1970-01-01T00:00:00Z', ''],
    ])
  })
})

test('users takes a filter', async () => {
  const { outcome } = await runCommand('users state:enabled "group:"', { 'users.list': { users: [bob, eve, late] } })
  expect(outcome.data).toEqual([bob])
})

test('users of a daemon that knows no limits yet are listed without', async () => {
  const { limits: _, use: __, ...old } = bob
  const { outcome } = await runCommand('users', { 'users.list': { users: [old] } })
  const row = ['bob', 'enabled', 'kept', '2', '0 B', '1.00 KiB', '1970-01-01T00:00:00Z', '']
  expect((outcome.view as Table).rows).toEqual([row])
})

describe('limits', () => {
  const after = { quota: { value: 2_000_000_000, from: 'user' }, 'max-sources': { value: 5, from: 'group' } }
  const set = { changed: 1, revision: 7, before: { quota: 1_000_000_000 }, after }

  test('users set sends fields as they are written, and tells what takes it back', async () => {
    const line = "users set bob quota=2GB note='the printer' max-sources="
    const { outcome, calls } = await runCommand(line, { 'users.set': set })
    const fields = { quota: '2GB', note: 'the printer', 'max-sources': '' }
    expect(calls).toEqual([['users.set', { names: ['bob'], fields }]])
    expect(outcome.view).toBe("changed bob: quota 2GB, note none, max-sources 5 (the group's)")
    expect(outcome.undo).toEqual({
      verb: 'users set',
      values: ['bob', 'quota=1GB', 'note=', 'max-sources='],
      flags: { revision: '7' },
    })
  })

  test('users set takes several names, or an expression in their place', async () => {
    const many = await runCommand('users set ann bob warn=80', { 'users.set': { changed: 2, revision: 1 } })
    expect(many.calls).toEqual([['users.set', { names: ['ann', 'bob'], fields: { warn: '80' } }]])
    expect([many.outcome.view, many.outcome.undo]).toEqual(['changed 2 users: warn 80', undefined])
    const some = await runCommand("users set --where 'group=staff name=b*' --revision 3 warn=none", {
      'users.set': set,
    })
    expect(some.calls).toEqual([
      ['users.set', { where: 'group=staff name=b*', fields: { warn: 'none' }, ifRevision: 3 }],
    ])
  })

  test.each([
    ['users set bob', 'FIELD=VALUE is needed'],
    ['users set warn=80', 'a NAME is needed, or --where, not both'],
    ['users set bob --where name=bob warn=80', 'a NAME is needed, or --where, not both'],
    ['users set bob speed=1', '"speed" is no field: there are group, '],
    ['users set bob quota=much', 'quota is bytes, such as 50GB or 500MiB, not "much"'],
    ['users set bob warn=80 ann', '"ann" is no FIELD=VALUE'],
    ['groups add staff others warn=80', 'what follows NAME is FIELD=VALUE'],
    ['users set bob warn=80 --revision x', '--revision takes a whole number'],
  ])('%s is refused before it is sent', (line, problem) => {
    expect(() => parseCommands(line)).toThrow(problem)
  })

  test.each([
    ['users set ann bob quota=50', 'changed 2 users: quota 50B (a number alone is bytes: 50GB is gigabytes)'],
    ['users set ann bob quota=0 rate-up=1MB/s over=', 'changed 2 users: quota 0B, rate-up 1MB/s, over not set'],
    [
      'groups set staff rate-down=10 over=5',
      'changed the group staff, 2 users: rate-down 10B/s (a number alone is bytes a second: 10MB/s is megabytes), ' +
        'over 5B/s (a number alone is bytes a second: 5MB/s is megabytes)',
    ],
    ['groups add staff quota=100000', 'added the group staff: quota 100kB'],
    ['groups add staff', 'added the group staff'],
  ])('%s tells what holds now, and where units were forgotten', async (line, view) => {
    const result = { changed: 2, members: 2, revision: 3, before: {} }
    const { outcome } = await runCommand(line, { 'users.set': result, 'groups.set': result, 'groups.add': result })
    expect(outcome.view).toBe(view)
  })

  test('groups lists them with their limits as they are written', async () => {
    const groups = [{ name: 'staff', members: 2, limits: { 'rate-down': 50_000_000, quota: null }, revision: 1 }]
    const { outcome } = await runCommand('groups', { 'groups.list': { groups } })
    expect((outcome.view as Table).rows).toEqual([['staff', '2', 'rate-down=50MB/s quota=none']])
  })
})

describe('bans', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 60_000, toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())

  const earned = { source: '192.0.2.1', since: 0, until: 90_000, reason: 'login', by: null } as const
  const forGood = { source: '2001:db8:1::/48', since: 0, until: null, reason: 'operator', by: 'ann' } as const

  test('bans lists until when and why', async () => {
    const { outcome } = await runCommand('bans', { 'bans.list': { bans: [earned, forGood] } })
    expect(outcome.data).toEqual([earned, forGood])
    expect((outcome.view as Table).rows).toEqual([
      ['192.0.2.1', '30s', '1970-01-01T00:01:30Z', 'wrong passwords', '-', '1970-01-01T00:00:00Z'],
      ['2001:db8:1::/48', '-', 'unban', 'by operator', 'ann', '1970-01-01T00:00:00Z'],
    ])
  })

  test.each([
    ['ban 192.0.2.1', {}],
    ['ban 192.0.2.1 90s', { seconds: 90 }],
    ['ban 192.0.2.1 10m', { seconds: 600 }],
    ['ban 192.0.2.1 2h', { seconds: 7200 }],
    ['ban 192.0.2.1 3d', { seconds: 259_200 }],
  ])('%s', async (line, time) => {
    const ban = { ...earned, reason: 'operator', by: 'ann' }
    const { outcome, calls } = await runCommand(line, { 'bans.add': { ban, stored: true } })
    expect(calls).toEqual([['bans.add', { source: '192.0.2.1', ...time }]])
    expect(outcome.view).toBe('banned 192.0.2.1 until 1970-01-01T00:01:30Z')
    expect(outcome.undo).toEqual({ verb: 'unban', values: ['192.0.2.1'] })
  })

  test.each(['10', '0s', '10 m', '-5m', '600w', 'for ever'])('ban takes no time %s', async (time) => {
    await expect(runCommand(`ban 192.0.2.1 '${time}'`, {})).rejects.toThrow('TIME is how long')
  })

  test('unban can be undone, for what was left', async () => {
    const one = await runCommand('unban 192.0.2.1', { 'bans.remove': { lifted: [earned], stored: true } })
    expect(one.outcome.view).toBe('lifted the ban of 192.0.2.1')
    expect(one.outcome.undo).toEqual({ verb: 'ban', values: ['192.0.2.1', '30s'] })
    const good = await runCommand('unban 2001:db8:1::/48', { 'bans.remove': { lifted: [forGood], stored: true } })
    expect(good.outcome.undo).toEqual({ verb: 'ban', values: ['2001:db8:1::/48'] })
  })
})

describe('operators', () => {
  test('addoperator makes a viewer and a password unless told otherwise', async () => {
    const { outcome, calls } = await runCommand('addoperator eve', { 'operators.add': {} })
    const { password } = outcome.data as { password: string }
    expect(password).toMatch(/^[a-km-np-z2-9]{26}$/)
    expect(outcome.data).toEqual({ name: 'eve', role: 'viewer', password })
    expect(calls).toEqual([['operators.add', { name: 'eve', role: 'viewer', password }]])
    expect(outcome.view).toBe(password)
    expect(outcome.note).toContain('eve')
  })

  test.each(['addoperator eve --role admin --password-stdin', 'addoperator --role=admin --password-stdin eve'])(
    '%s',
    async (line) => {
      const { outcome, calls } = await runCommand(line, { 'operators.add': {} }, 'long enough')
      expect(calls).toEqual([['operators.add', { name: 'eve', role: 'admin', password: 'long enough' }]])
      expect(outcome).toEqual({ data: { name: 'eve', role: 'admin' }, view: 'added admin eve' })
    },
  )

  test('a password or a role that changes, and an operator who goes, end sessions', async () => {
    const passwd = await runCommand('passwdoperator eve', { 'operators.setPassword': { ended: 2 } })
    const { password } = passwd.outcome.data as { password: string }
    expect(passwd.calls).toEqual([['operators.setPassword', { name: 'eve', password }]])
    expect(passwd.outcome.data).toEqual({ name: 'eve', password, ended: 2 })
    const role = await runCommand('role eve operator', { 'operators.setRole': { ended: 1 } })
    expect(role.calls).toEqual([['operators.setRole', { name: 'eve', role: 'operator' }]])
    expect(role.outcome.view).toBe('eve is operator now, ended 1 session')
    expect(role.outcome.undo).toBeUndefined()
    const gone = await runCommand('deloperator eve', { 'operators.remove': { ended: 0 } })
    expect(gone.calls).toEqual([['operators.remove', { name: 'eve' }]])
    expect(gone.outcome).toEqual({ data: { name: 'eve', ended: 0 }, view: 'deleted eve, ended 0 sessions' })
  })

  test('role can want to know what the operator is until now, and can be taken back then', async () => {
    const operators = { operators: [{ name: 'eve', role: 'viewer', created: 0, sessions: 0 }] }
    const answers = { 'operators.list': operators, 'operators.setRole': { ended: 0 } }
    const { outcome } = await runCommand('role eve admin --was viewer', answers)
    expect(outcome.undo).toEqual({ verb: 'role', values: ['eve', 'viewer'], flags: { was: 'admin' } })
    await expect(runCommand('role eve admin --was operator', answers)).rejects.toMatchObject({
      kind: 'conflict',
      message: 'somebody else was faster: eve is viewer by now',
    })
  })

  test('operators lists them', async () => {
    const operators = [{ name: 'eve', role: 'admin', created: 0, sessions: 2 }]
    const { outcome } = await runCommand('operators', { 'operators.list': { operators } })
    expect(outcome.data).toEqual(operators)
    expect((outcome.view as Table).rows).toEqual([['eve', 'admin', '2', '1970-01-01T00:00:00Z']])
  })
})

describe('settings', () => {
  const shape = { source: 'default', default: 0, runtime: true, summary: '' }
  const settings = [
    { ...shape, name: 'socks-addr', type: 'list', value: ['127.0.0.1', '::1'], runtime: false },
    { ...shape, name: 'timeout-idle', type: 'integer', value: 1080, source: 'flag', placeholder: 'MS' },
    { ...shape, name: 'open-proxy', type: 'flag', value: false },
    { ...shape, name: 'log-level', type: 'choice', value: 'info', choices: ['info', 'debug'] },
  ]
  const known = { 'config.get': { revision: 7, settings } }
  const done = { revision: 8, changed: ['timeout-idle'], warnings: [] as string[] }

  test('get lists the settings, or tells one', async () => {
    const one = await runCommand('get socks-addr', known)
    expect(one.calls).toEqual([['config.get', {}]])
    expect(one.outcome).toEqual({ data: settings[0], view: '127.0.0.1, ::1' })
    const all = await runCommand('get', known)
    expect(all.outcome.data).toEqual(settings)
    expect((all.outcome.view as Table).rows.slice(0, 2)).toEqual([
      ['socks-addr', 'default', 'at start', '127.0.0.1, ::1'],
      ['timeout-idle', 'flag', 'live', '1s80ms'],
    ])
  })

  test.each(['get nothing', 'set nothing 1', 'set nothing --default'])('%s: there is no such setting', async (line) => {
    await expect(runCommand(line, known)).rejects.toMatchObject({ kind: 'not_found', message: 'no setting nothing' })
  })

  test.each([
    ['set timeout-idle 5000', { 'timeout-idle': 5000 }],
    ['set open-proxy on', { 'open-proxy': true }],
    ['set open-proxy false', { 'open-proxy': false }],
    ['set log-level debug', { 'log-level': 'debug' }],
    ['set socks-addr ::1', { 'socks-addr': ['::1'] }],
    ['set socks-addr ::1,127.0.0.1', { 'socks-addr': ['::1', '127.0.0.1'] }],
    ['set socks-addr ::1 127.0.0.1', { 'socks-addr': ['::1', '127.0.0.1'] }],
    ["set socks-addr ''", { 'socks-addr': [] }],
    ['set timeout-idle --default', { 'timeout-idle': null }],
  ])('%s', async (line, patch) => {
    const { calls } = await runCommand(line, { ...known, 'config.set': done })
    expect(calls.slice(0, 2)).toEqual([
      ['config.get', {}],
      ['config.set', { revision: 7, patch }],
    ])
  })

  test('set tells what has come of it, and what may surprise later', async () => {
    const warned = { ...done, warnings: ['the flag wins at the next start'] }
    const { outcome } = await runCommand('set timeout-idle 5000', { ...known, 'config.set': warned })
    expect(outcome).toEqual({
      data: { name: 'timeout-idle', value: 5000, dryRun: false, ...warned },
      view: 'timeout-idle is 5s now',
      warnings: warned.warnings,
      undo: { verb: 'set', values: ['timeout-idle'], flags: { revision: '8', default: '' } },
    })
    const same = await runCommand('set log-level info', { ...known, 'config.set': { ...done, changed: [] } })
    expect(same.outcome.view).toBe('log-level is info already')
    const dry = await runCommand('set timeout-idle 5000 --dry-run', { ...known, 'config.set': done })
    expect(dry.calls[1]).toEqual(['config.set', { revision: 7, patch: { 'timeout-idle': 5000 }, dryRun: true }])
    expect(dry.outcome.view).toBe('timeout-idle would become 5s')
    const back = await runCommand('set timeout-idle --default', { ...known, 'config.set': done })
    expect(back.outcome.view).toBe("timeout-idle is 1s80ms now, from the daemon's flag")
  })

  test('set can want that nobody has changed the settings since', async () => {
    const { calls } = await runCommand('set timeout-idle 5000 --revision 3', { ...known, 'config.set': done })
    expect(calls[1]).toEqual(['config.set', { revision: 3, patch: { 'timeout-idle': 5000 } }])
    await expect(runCommand('set timeout-idle 5000 --revision soon', known)).rejects.toThrow(/N is a number from 0/)
  })

  test('set --dry-run --default asks for nothing more', async () => {
    const { outcome, calls } = await runCommand('set timeout-idle --default --dry-run', {
      ...known,
      'config.set': done,
    })
    expect(outcome.view).toBe('timeout-idle would go back to what flag, file and defaults say')
    expect(calls).toHaveLength(2)
  })

  test.each([
    ['set timeout-idle soon', 'timeout-idle takes a time, such as 90s or 1h30m'],
    ['set timeout-idle 1 2', 'timeout-idle takes one value; quote it if it has spaces'],
    ['set timeout-idle 1e3', 'timeout-idle takes a time, such as 90s or 1h30m'],
    ['set open-proxy toString', 'open-proxy takes true or false'],
  ])('%s changes nothing', async (line, message) => {
    await expect(runCommand(line, { ...known })).rejects.toThrow(new UsageError(message))
  })
})

describe('log', () => {
  const entry = (seq: number, message: string, fields?: object) => ({ seq, time: 0, level: 'warn', message, fields })

  test('tells the last entries, fields and all', async () => {
    const entries = [entry(1, 'cannot listen', { address: '::1', cause: 'in use' }), entry(2, 'ready')]
    const { outcome, calls } = await runCommand('log', { 'log.subscribe': { entries }, 'log.unsubscribe': {} })
    expect(calls).toEqual([
      ['log.subscribe', { level: 'info', history: 100 }],
      ['log.unsubscribe', {}],
    ])
    expect(outcome.data).toEqual(entries)
    expect((outcome.view as Table).rows).toEqual([
      ['1970-01-01T00:00:00Z', 'warn', 'cannot listen address=::1 cause="in use"'],
      ['1970-01-01T00:00:00Z', 'warn', 'ready'],
    ])
  })

  test('follows: what was, what comes, and how much was lost', async () => {
    const { outcomes, calls } = await runCommand('log --follow --level=debug --last 1', {
      'log.subscribe': { entries: [entry(1, 'was')] },
      'log.entries': [{ entries: [entry(4, 'comes'), entry(5, 'too')], lost: 2 }],
    })
    expect(calls).toEqual([
      ['(events)', 'log.entries'],
      ['log.subscribe', { level: 'debug', history: 1 }],
    ])
    expect(outcomes.map(({ view }) => view)).toEqual([
      '1970-01-01T00:00:00Z  warn   was',
      '(2 entries were lost: this reads more slowly than they come)',
      '1970-01-01T00:00:00Z  warn   comes',
      '1970-01-01T00:00:00Z  warn   too',
    ])
    expect(outcomes.map(({ data }) => data)).toMatchObject([{ seq: 1 }, { lost: 2 }, { seq: 4 }, { seq: 5 }])
  })
})

describe('the daemon', () => {
  test.each([
    ['drain', 'daemon.drain'],
    ['undrain', 'daemon.undrain'],
    ['shutdown', 'daemon.shutdown'],
  ])('%s', async (line, method) => {
    const { calls, outcome } = await runCommand(line, { [method]: {} })
    expect(calls).toEqual([[method, {}]])
    expect(outcome.data).toEqual({})
  })

  test('reload tells what changed, from when on, and what stays as it was', async () => {
    const changed = [
      { name: 'timeout-idle', before: '1h', after: '10m', now: true },
      { name: 'user', now: false },
    ]
    const result = { changed, warnings: ['careful'], problems: ['the lists stay', 'the key stays'] }
    const { calls, outcome } = await runCommand('reload', { 'daemon.reload': result })
    expect(calls).toEqual([['daemon.reload', {}]])
    const rows = [
      ['timeout-idle', '1h -> 10m', 'from now on'],
      ['user', 'another one', 'from the next restart or upgrade on'],
    ]
    expect(outcome).toMatchObject({ data: result, view: { rows }, warnings: ['careful'] })
    expect(outcome.problem).toBe('the lists stay; the key stays')
  })

  test('upgrade tells of the successor', async () => {
    const successor = { pid: 7, version: '2.0.0', generation: 2 }
    const { calls, outcome } = await runCommand('upgrade', { 'daemon.upgrade': successor })
    expect(calls).toEqual([['daemon.upgrade', {}]])
    expect(outcome).toMatchObject({ data: successor, view: 'proxyd 2.0.0 serves, pid 7, generation 2' })
  })

  const health = {
    lag: 1.44,
    loops: [{ lag: 0.8 }, { lag: 12 }],
    sessions: { live: 3, max: 9744 },
    descriptors: { open: 34, max: 20_000 },
    memory: 71_303_168,
    store: { problem: null as string | null, slowest: 4.25 },
    near: [
      { user: 'bob', limit: 'quota', used: 45_000_000_000, most: 50_000_000_000 },
      { user: 'kid', limit: 'max-connections', used: 5, most: 5 },
    ],
    names: { pending: 1, failed: 2, slowest: 38.5 },
  }

  test('health tells what is scarce, slow or failing', async () => {
    const { outcome, calls } = await runCommand('health', { 'status.get': { health } })
    expect(calls).toEqual([['status.get', {}]])
    expect(outcome.data).toEqual(health)
    expect((outcome.view as Table).rows).toEqual([
      ['main thread', 'late by 1.4 ms at worst in the last 10 s'],
      ['thread 1', '0.8 ms its longest turn in the last 10 s'],
      ['thread 2', '12 ms its longest turn in the last 10 s'],
      ['connections', '3 of at most 9744'],
      ['descriptors', '34 of at most 20000'],
      ['memory', '68.0 MiB'],
      ['store', 'works, 4.3 ms the slowest change of the last minute'],
      ['near a limit', 'bob: quota 50GB, 41.9 GiB used'],
      ['near a limit', 'kid: max-connections 5, 5 used'],
      ['names', '1 being looked up; in the last minute 2 failed, 38.5 ms the slowest'],
    ])
  })

  test.each([
    [{ problem: null, dropped: 0 }, 'works, nothing is missing'],
    [{ problem: null, dropped: 1 }, 'works, 1 connection missing'],
    [{ problem: 'disk full', dropped: 7 }, 'disk full, 7 connections missing'],
  ])('health tells how the access log does: %j', async (accessLog, told) => {
    const { outcome } = await runCommand('health', { 'status.get': { health: { ...health, accessLog } } })
    expect((outcome.view as Table).rows).toContainEqual(['access log', told])
  })

  test.each([
    [1, '3 of at most 9744; 1 client reset for want of room'],
    [2000, '3 of at most 9744; 2000 clients reset for want of room'],
  ])('health tells of clients who found no room: %i', async (shed, told) => {
    const sessions = { ...health.sessions, shed }
    const { outcome } = await runCommand('health', { 'status.get': { health: { ...health, sessions } } })
    expect((outcome.view as Table).rows).toContainEqual(['connections', told])
  })

  test('health tells who can read the metrics', async () => {
    const { outcome } = await runCommand('health', {
      'status.get': { health: { ...health, openMetrics: ['[::]:9464'] } },
    })
    expect((outcome.view as Table).rows).toContainEqual(['metrics', 'whoever reaches [::]:9464 can read them'])
  })

  test.each([
    [{ gone: 0, problem: null, behind: [] }, 'a, one of 3 nodes; the store answers'],
    [
      { gone: 1, problem: 'connection refused', behind: ['rules'] },
      'a, one of 3 nodes, 1 gone; what others change is not known since 1m05s: connection refused; rules of others do not act here: see the log',
    ],
  ])('health tells of the fleet: %j', async (fields, told) => {
    const fleet = { node: 'a', nodes: 3, lag: 65_000, ...fields }
    const { outcome } = await runCommand('health', { 'status.get': { health: { ...health, fleet } } })
    expect((outcome.view as Table).rows).toContainEqual(['fleet', told])
  })

  test('nodes lists all pages of them, with their sum, and says which one answers', async () => {
    const node = { name: 'a', state: 'serves', age: 1500, version: '1.2.3', started: 0, socks: [], up: 0, cpu: 0.25 }
    const rows = [
      { ...node, control: ['10.0.0.1:8080'], connections: 2, down: 2048 },
      { ...node, name: 'b', state: 'gone', age: 65_000, control: [], connections: 5, down: 0 },
    ]
    const pages = [
      { node: 'a', nodes: [rows[0]], next: 'a' },
      { node: 'a', nodes: [rows[1]] },
    ]
    const { outcome } = await runCommand('nodes', { 'nodes.list': pages })
    expect(outcome.data).toEqual({ node: 'a', nodes: rows })
    expect((outcome.view as Table).rows).toEqual([
      ['a *', 'serves', '1s', '1.2.3', '2', '0 B/s', '2.00 KiB/s', '25%', '10.0.0.1:8080'],
      ['b', 'gone', '1m05s', '1.2.3', '5', '0 B/s', '0 B/s', '25%', '-'],
      ['1 node', '', '', '', '2', '0 B/s', '2.00 KiB/s', '25%', ''],
    ])
  })

  test('health tells of balancers', async () => {
    const { outcome } = await runCommand('health', { 'status.get': { health: { ...health, balancers: ['::1'] } } })
    const told = 'SOCKS is for connections from ::1 with a PROXY header'
    expect((outcome.view as Table).rows).toContainEqual(['balancer', told])
  })

  test('health tells how the webhook does', async () => {
    for (const [webhook, told] of [
      [{ problem: null, missed: 0 }, 'works, all was told'],
      [{ problem: 'it answered 503', missed: 2 }, 'it answered 503, 2 notices not told'],
    ] as const) {
      const { outcome } = await runCommand('health', { 'status.get': { health: { ...health, webhook } } })
      expect((outcome.view as Table).rows).toContainEqual(['webhook', told])
    }
  })

  test('health tells why nothing can be stored', async () => {
    const full = { ...health, store: { problem: 'cannot use proxyd.db (disk full)', slowest: 0 } }
    const { outcome } = await runCommand('health', { 'status.get': { health: full } })
    expect((outcome.view as Table).rows).toContainEqual(['store', 'cannot use proxyd.db (disk full)'])
  })

  test('whoami tells name, role and way', async () => {
    const me = { name: 'local', role: 'admin', via: 'unix' }
    expect((await runCommand('whoami', { 'session.whoami': me })).outcome).toEqual({
      data: me,
      view: 'local, admin, via unix',
    })
    const bound = { ...me, readOnly: true }
    expect((await runCommand('whoami', { 'session.whoami': bound })).outcome).toEqual({
      data: bound,
      view: 'local, admin, via unix, read-only',
    })
  })

  test('stats tells counters for people, and all for programs', async () => {
    const sample = {
      seq: 1,
      time: 90_000,
      up: 1024,
      down: 0,
      accepted: 9,
      connected: 6,
      failed: 3,
      denied: 2,
      connections: 4,
      users: [],
    }
    const status = {
      ...{ version: '1.2.3', instance: 'x', pid: 42, engine: 'linux', workers: 2, started: 0, draining: false },
      ...{ passwordRequired: true, users: 5, listening: [{ service: 'socks', address: '[::1]:1080' }], sample },
      health: {},
    }
    const { outcome } = await runCommand('stats', { 'status.get': status })
    expect(outcome.data).toEqual(status)
    const facts = Object.fromEntries((outcome.view as Table).rows)
    expect(facts).toMatchObject({
      engine: 'linux, 2 threads',
      uptime: '1m30s',
      password: 'required',
      connections: '4',
      failed: '3, 2 of them at the password',
      up: '1.00 KiB',
      listening: 'socks [::1]:1080',
    })
  })

  test('raw sends any method with any object, and gives back what comes', async () => {
    const result = { methods: { evil: '\u202e' } }
    const { outcome, calls } = await runCommand('raw any.method {"a": [1]}', { 'any.method': result })
    expect(calls).toEqual([['any.method', { a: [1] }]])
    expect(outcome).toEqual({ data: result, view: '{"methods":{"evil":"\\u202e"}}' })
    expect((await runCommand('raw rpc.describe', { 'rpc.describe': {} })).calls).toEqual([['rpc.describe', {}]])
  })
})

describe('what is asked before', () => {
  const nobody = {
    user: () => undefined,
    operator: () => undefined,
    connection: () => undefined,
    setting: () => undefined,
    rule: () => undefined,
    users: null,
    connections: null,
    lastUserOpens: null,
  }
  const asked = (line: string, known: Partial<Known> = {}) => {
    const [command] = parseCommands(line)
    return command && questionBefore(command.call, { ...nobody, ...known })
  }

  test.each([
    'deluser bob',
    'disable bob',
    'cut user:bob',
    'cut 7',
    'cut k3fq-7',
    'cut k3fq-7 k3fq-8',
    'cut port:443',
    'deloperator kim',
    'drain',
    'shutdown',
  ])('%s asks, though nothing is known of whom it is about', (line) => {
    expect(asked(line)).toMatchObject({ question: expect.stringMatching(/\?$/), yes: expect.stringMatching(/./) })
  })

  test.each(['adduser bob', 'enable bob', 'stats', 'role kim admin', 'set timeout-idle 5 --dry-run'])(
    '%s asks nothing',
    (line) => {
      expect(asked(line)).toBeNull()
    },
  )

  test('deluser tells what is cut, and what deleting the last user does', () => {
    const user = (name: string) => (name === 'bob' ? { connections: 2 } : undefined)
    const facts = (known: Partial<Known>) => (asked('deluser bob', { user, ...known }) as Question).facts
    expect(facts({ users: 2 })).toEqual([
      'They cannot log in again; 2 connections will be cut.',
      'For an hour it can be undone.',
    ])
    expect(facts({ users: 1, lastUserOpens: true })[2]).toMatch(/no password is required/)
    expect(facts({ users: 1, lastUserOpens: false })).toHaveLength(2)
    expect(facts({ users: 1 })[2]).toMatch(/it may be that/)
  })

  test('cut tells that there is nothing to cut', () => {
    expect(asked('cut user:bob', { user: () => ({ connections: 0 }) })).toBe('bob has no connection')
  })

  test('cut names what it cuts, a few of many', () => {
    const connection = (id: string) => ({ client: `client ${id}`, destination: null, user: 'bob' })
    expect(asked('cut k3fq-7', { connection })).toEqual({
      question: 'Cut this connection?',
      facts: ['from client k3fq-7', 'to nowhere yet', 'of bob'],
      yes: 'Cut',
    })
    expect(asked('cut a-1 a-2 a-3 a-4 a-5', { connection, connections: 9 })).toEqual({
      question: 'Cut 5 of 9 connections?',
      facts: ['client a-1 to nowhere yet', 'client a-2 to nowhere yet', 'client a-3 to nowhere yet', 'and 2 more'],
      yes: 'Cut 5',
    })
  })

  test('set asks where the daemon warns', () => {
    expect(asked('set timeout-idle 5')).toMatchObject({ onlyIfWarned: true })
    expect(asked('set timeout-idle --default')).toMatchObject({
      question: 'Forget what was set as timeout-idle?',
      onlyIfWarned: true,
    })
  })
})

describe('help', () => {
  test('lists every verb with its usage, fitting 80 columns', async () => {
    const { outcome, calls } = await runCommand('help', {})
    const { rows } = outcome.view as Table
    expect(rows.map(([usage]) => usage?.replace(/ (?:[[A-Z].*|\.\.\.)/, ''))).toEqual(Object.keys(verbs))
    const widest = Math.max(...rows.map(([usage]) => usage?.length ?? 0))
    for (const [, summary] of rows) expect(widest + 2 + (summary?.length ?? 0)).toBeLessThanOrEqual(80)
    expect(calls).toEqual([])
  })

  test('explains each verb with its flags', async () => {
    for (const [name, verb] of Object.entries(verbs)) {
      const { outcome } = await runCommand(`help ${name}`, {})
      const [[usage], ...rows] = (outcome.view as Table).rows as [string[], ...string[][]]
      expect(usage).toBe(usageOf(name, verb))
      const flags = rows.filter(([row]) => row?.startsWith('--'))
      expect(flags.map(([flag]) => flag?.split(' ')[0])).toEqual(
        Object.keys(verb.flags ?? {}).map((flag) => `--${flag}`),
      )
    }
  })

  test('tells below a verb the longer ones that begin with it, and what a rule is made of', async () => {
    const { outcome } = await runCommand('help rules', {})
    const usages = (outcome.view as Table).rows.map(([usage]) => usage)
    expect(usages).toEqual(expect.arrayContaining(['rules add RULE...', 'rules edit', 'to DEST,…', 'until TIME']))
    const { outcome: add } = await runCommand('help rules add', {})
    expect((add.view as Table).rows.map(([usage]) => usage)).toEqual(expect.arrayContaining(['port N,N-N,…']))
  })
})
