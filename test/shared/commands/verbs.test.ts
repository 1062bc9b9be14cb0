import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Table } from '../../../shared/commands/verb.ts'
import { usageOf, verbs } from '../../../shared/commands/verbs.ts'
import { runCommand } from './fake-context.ts'

const bob = { name: 'bob', enabled: true, stored: true, created: 0, connections: 2, up: 1024, down: 0 }
const eve = { ...bob, name: 'eve', enabled: false, stored: false }

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
    const deleted = await runCommand('deluser "bob b"', { 'users.remove': { cut: 1, opened: false } })
    expect(deleted.calls).toEqual([['users.remove', { name: 'bob b' }]])
    expect(deleted.outcome).toEqual({
      data: { name: 'bob b', cut: 1, opened: false },
      view: 'deleted bob b, cut 1 connection',
    })
    const disabled = await runCommand('disable bob', { 'users.setEnabled': { cut: 3 } })
    expect(disabled.calls).toEqual([['users.setEnabled', { name: 'bob', enabled: false }]])
    expect(disabled.outcome.view).toBe('disabled bob, cut 3 connections')
    const enabled = await runCommand('enable bob', { 'users.setEnabled': { cut: 0 } })
    expect(enabled.calls).toEqual([['users.setEnabled', { name: 'bob', enabled: true }]])
    expect(enabled.outcome.view).toBe('enabled bob')
  })

  test('deluser says when it leaves the proxy open', async () => {
    const { outcome } = await runCommand('deluser bob', { 'users.remove': { cut: 0, opened: true } })
    expect(outcome.data).toEqual({ name: 'bob', cut: 0, opened: true })
    expect(outcome.view).toBe('deleted bob, cut 0 connections; no user is left: from now on no password is required')
  })

  test('users follows the cursor to the last page', async () => {
    const pages = [{ users: [bob], next: 'after bob' }, { users: [] as unknown[], next: 'on' }, { users: [eve] }]
    const { outcome, calls } = await runCommand('users', { 'users.list': pages })
    expect(calls.map(([, params]) => params)).toEqual([{}, { cursor: 'after bob' }, { cursor: 'on' }])
    expect(outcome.data).toEqual([bob, eve])
    expect((outcome.view as Table).rows).toEqual([
      ['bob', 'enabled', 'stored', '2', '1.00 KiB', '0 B', '1970-01-01T00:00:00Z'],
      ['eve', 'disabled', 'this-run', '2', '1.00 KiB', '0 B', '1970-01-01T00:00:00Z'],
    ])
  })
})

describe('connections', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 65_000, toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())

  const web = {
    id: '7',
    state: 'open',
    user: 'bob',
    client: '[::1]:4000',
    destination: 'Example.com:443',
    address: '127.0.0.1:443',
    opened: 0,
    up: 100,
    down: 2048,
  }
  const fresh = { ...web, id: '8', state: 'negotiating', user: null, destination: null, address: null, opened: 65_000 }

  async function idsOf(line: string): Promise<string[]> {
    const { outcome } = await runCommand(line, { 'connections.list': { connections: [web, fresh] } })
    return (outcome.data as { id: string }[]).map(({ id }) => id)
  }

  test('lists all pages, unknown things as dashes', async () => {
    const pages = [{ connections: [web], next: '7' }, { connections: [fresh] }]
    const { outcome } = await runCommand('connections', { 'connections.list': pages })
    expect(outcome.data).toEqual([web, fresh])
    expect((outcome.view as Table).rows).toEqual([
      ['7', 'open', 'bob', '[::1]:4000', 'Example.com:443', '1m05s', '100 B', '2.00 KiB'],
      ['8', 'negotiating', '-', '[::1]:4000', '-', '0s', '100 B', '2.00 KiB'],
    ])
  })

  test('with words it keeps the rows that have them all, whatever the case', async () => {
    expect(await idsOf('connections EXAMPLE')).toEqual(['7'])
    expect(await idsOf('connections ::1 nego')).toEqual(['8'])
    expect(await idsOf('connections bob negotiating')).toEqual([])
  })

  test('kill says what it killed and what was gone', async () => {
    const { outcome, calls } = await runCommand('kill 7 9', { 'connections.kill': { killed: ['7'], missing: ['9'] } })
    expect(calls).toEqual([['connections.kill', { ids: ['7', '9'] }]])
    expect(outcome).toEqual({
      data: { killed: ['7'], missing: ['9'] },
      view: 'killed 7',
      problem: 'no such connection, it may have ended: 9',
    })
    const { outcome: clean } = await runCommand('kill 7', { 'connections.kill': { killed: ['7'], missing: [] } })
    expect(clean.problem).toBeUndefined()
  })

  test('kill sends no more ids at once than the daemon takes', async () => {
    const ids = Array.from({ length: 501 }, (_, at) => `c${at}`)
    const answers = [
      { killed: ids.slice(0, 500), missing: [] },
      { killed: [], missing: ids.slice(500) },
    ]
    const { outcome, calls } = await runCommand(`kill ${ids.join(' ')}`, { 'connections.kill': answers })
    expect(calls.map(([, params]) => (params as { ids: string[] }).ids)).toEqual([ids.slice(0, 500), ['c500']])
    expect(outcome.data).toEqual({ killed: ids.slice(0, 500), missing: ['c500'] })
  })
})

describe('the daemon', () => {
  const setting = { name: 'socks-addr', value: ['127.0.0.1', '::1'], source: 'default', summary: '' }

  test('get lists the settings, or tells one', async () => {
    const one = await runCommand('get socks-addr', { 'config.get': setting })
    expect(one.calls).toEqual([['config.get', { name: 'socks-addr' }]])
    expect(one.outcome).toEqual({ data: setting, view: '127.0.0.1, ::1' })
    const port = { ...setting, name: 'socks-port', value: 1080, source: 'flag' }
    const all = await runCommand('get', { 'config.list': { settings: [setting, port] } })
    expect((all.outcome.view as Table).rows).toEqual([
      ['socks-addr', 'default', '127.0.0.1, ::1'],
      ['socks-port', 'flag', '1080'],
    ])
  })

  test('whoami tells name, role and way', async () => {
    const me = { name: 'local', role: 'admin', via: 'unix' }
    expect((await runCommand('whoami', { 'session.whoami': me })).outcome).toEqual({
      data: me,
      view: 'local, admin, via unix',
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
    }
    const { outcome } = await runCommand('stats', { 'status.get': status })
    expect(outcome.data).toEqual(status)
    const facts = Object.fromEntries((outcome.view as Table).rows)
    expect(facts).toMatchObject({
      engine: 'linux, workers: 2',
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

describe('help', () => {
  test('lists every verb with its usage, fitting 80 columns', async () => {
    const { outcome, calls } = await runCommand('help', {})
    const { rows } = outcome.view as Table
    expect(rows.map(([usage]) => usage?.split(' ')[0])).toEqual(Object.keys(verbs))
    const widest = Math.max(...rows.map(([usage]) => usage?.length ?? 0))
    for (const [, summary] of rows) expect(widest + 2 + (summary?.length ?? 0)).toBeLessThanOrEqual(80)
    expect(calls).toEqual([])
  })

  test('explains each verb with its flags', async () => {
    for (const [name, verb] of Object.entries(verbs)) {
      const { outcome } = await runCommand(`help ${name}`, {})
      const [[usage], ...flags] = (outcome.view as Table).rows as [string[], ...string[][]]
      expect(usage).toBe(usageOf(name, verb))
      expect(flags.map(([flag]) => flag)).toEqual(Object.keys(verb.flags ?? {}).map((flag) => `--${flag}`))
    }
  })
})
