import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { callToCut } from '../../../shared/commands/cut-verb.ts'
import { lineOf } from '../../../shared/commands/parse.ts'
import { UsageError } from '../../../shared/commands/usage.ts'
import type { Table } from '../../../shared/commands/verb.ts'
import { runCommand } from './fake-context.ts'

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
      ['7', 'open', 'bob', '[::1]:4000', 'Example.com:443', '1m05s', '2.00 KiB', '100 B'],
      ['8', 'negotiating', '-', '[::1]:4000', '-', '0s', '2.00 KiB', '100 B'],
    ])
  })

  test('a paced one says so, and whose rate it is', async () => {
    const paced = { ...web, paced: 'user', waited: 1234.5, dropped: 2 }
    const { outcome } = await runCommand('connections paced', { 'connections.list': { connections: [paced, fresh] } })
    expect((outcome.view as Table).rows.map(([, state]) => state)).toEqual(['open paced:user'])
    const pace = { up: 0, down: 5_000_000 }
    const details = { connection: paced, end: null, timeline: [], limits: [], pace }
    const { outcome: all } = await runCommand('connection 7', { 'connections.get': details })
    expect((all.view as Table).rows).toEqual(
      expect.arrayContaining([
        ['paced', 'by the rate of its user: down 5MB/s'],
        ['waited', '1235 ms for a rate'],
        ['dropped', '2 datagrams'],
      ]),
    )
  })

  test('with words it keeps the rows that have them all, whatever the case', async () => {
    expect(await idsOf('connections EXAMPLE')).toEqual(['7'])
    expect(await idsOf('connections ::1 nego')).toEqual(['8'])
    expect(await idsOf('connections bob negotiating')).toEqual([])
  })

  test.each([
    ['user:bob', ['7']],
    ['!user:bob', ['8']],
    ['"dst:*.com" state:open', ['7']],
    ['port:443 bytes>1k age>1m', ['7']],
    ['nobody', []],
  ])('with a filter %s it keeps those that match', async (filter, ids) => {
    expect(await idsOf(`connections ${filter}`)).toEqual(ids)
  })

  test.each([
    ['foo:bar', /foo:bar: there is no field foo; the fields are user, .*'help filter'/],
    ['rate>abc', /rate>abc: a number is wanted/],
    ['idle>5s', /there is no field idle/],
    ['state:idle', /state:idle: it is one of/],
  ])('a filter %s is refused before anything is asked', async (filter, problem) => {
    await expect(runCommand(`connections '${filter}'`, {})).rejects.toThrow(problem)
    await expect(runCommand(`access '${filter.replace('idle', 'x')}'`, {})).rejects.toThrow(UsageError)
  })

  const ban = { source: '203.0.113.7', since: 0, until: 60_000, reason: 'operator', by: 'eve' }
  const rule = { id: 16, place: 1, source: 'rules', text: 'deny to any', hits: 3, lately: 0, last: null }
  test.each([
    ['bans by:eve', 'bans.list', { bans: [ban, { ...ban, by: 'bob' }] }, [ban]],
    ['bans lasts>2m', 'bans.list', { bans: [ban, { ...ban, until: null }] }, [{ ...ban, until: null }]],
    ['rules verdict:deny hits>2', 'rules.list', { rules: [{ ...rule, text: 'allow to any' }, rule] }, [rule]],
    ['groups sta', 'groups.list', { groups: [{ name: 'staff', members: 1, limits: {} }] }, [expect.anything()]],
    ['groups members>1', 'groups.list', { groups: [{ name: 'staff', members: 1, limits: {} }] }, []],
    ['operators role:admin', 'operators.list', { operators: [{ name: 'eve', role: 'viewer' }] }, []],
  ])('%s keeps those that match', async (line, method, answer, kept) => {
    expect((await runCommand(line, { [method]: answer })).outcome.data).toEqual(kept)
  })

  test('for a rate it looks twice, a second apart', async () => {
    vi.useFakeTimers({ now: 65_000 })
    const later = { ...web, down: web.down + 3000 }
    const looks = [{ connections: [web] }, { connections: [later, fresh] }]
    const running = runCommand("connections 'rate>2.5k'", { 'connections.list': looks })
    await vi.advanceTimersByTimeAsync(1000)
    expect((await running).outcome.data).toEqual([later])
  })

  const ended = { ...web, id: '6', user: null, destination: null, ended: 61_500, reason: 'silent' }

  test('closed lists those that ended, as many as asked for', async () => {
    const { outcome, calls } = await runCommand('closed', { 'connections.closed': { connections: [ended] } })
    expect(calls).toEqual([['connections.closed', { limit: 100 }]])
    expect(outcome.data).toEqual([ended])
    expect((outcome.view as Table).rows).toEqual([
      ['1970-01-01T00:01:01Z', '6', 'silent', '-', '[::1]:4000', '-', '1m01s', '2.00 KiB', '100 B'],
    ])
    const few = await runCommand('closed --last 5', { 'connections.closed': { connections: [] } })
    expect(few.calls).toEqual([['connections.closed', { limit: 5 }]])
  })

  test.each(['0', '501', '-1', 'all', '5.5'])('closed --limit %s is refused', async (limit) => {
    await expect(runCommand(`closed --limit=${limit}`, {})).rejects.toThrow('N is a number from 1 to 500')
  })

  const timeline = [
    { state: 'negotiating', since: 0 },
    { state: 'open', since: 41 },
  ]

  test('connection tells its course, and what bounds it while it lives', async () => {
    const limits = [{ setting: 'timeout-idle', value: 3_600_000 }]
    const details = { connection: web, end: null, timeline, limits }
    const { outcome, calls } = await runCommand('connection 7', { 'connections.get': details })
    expect(calls).toEqual([['connections.get', { id: '7' }]])
    expect(outcome.data).toEqual(details)
    expect((outcome.view as Table).rows).toEqual([
      ['id', '7'],
      ['user', 'bob'],
      ['client', '[::1]:4000'],
      ['destination', 'Example.com:443'],
      ['address', '127.0.0.1:443'],
      ['down', '2.00 KiB'],
      ['up', '100 B'],
      ['opened', '1970-01-01T00:00:00Z'],
      ['negotiating', '0 ms after it was opened'],
      ['open', '41 ms after it was opened'],
      ['lasted', '1m05s until now'],
      ['limit', 'timeout-idle 1h'],
    ])
  })

  test('connection tells why it ended', async () => {
    const details = { connection: ended, end: { time: 61_500, reason: 'idle' }, timeline, limits: [] }
    const { outcome } = await runCommand('connection 6', { 'connections.get': details })
    expect((outcome.view as Table).rows.slice(-2)).toEqual([
      ['ended', '61500 ms after it was opened: idle'],
      ['lasted', '1m01s'],
    ])
  })

  test('cut says what it cut and what was gone', async () => {
    const { outcome, calls } = await runCommand('cut k3fq-7 k3fq-9', {
      'connections.kill': { killed: ['k3fq-7'], missing: ['k3fq-9'] },
    })
    expect(calls).toEqual([['connections.kill', { ids: ['k3fq-7', 'k3fq-9'] }]])
    expect(outcome).toEqual({
      data: { killed: ['k3fq-7'], missing: ['k3fq-9'] },
      view: 'cut k3fq-7',
      told: 'cut 1 connection, 1 connection had ended before',
      problem: 'no such connection, it may have ended: k3fq-9',
    })
    const { outcome: clean } = await runCommand('cut k3fq-7', {
      'connections.kill': { killed: ['k3fq-7'], missing: [] },
    })
    expect(clean.problem).toBeUndefined()
  })

  test('cut takes a filter, and leaves what it does not match', async () => {
    const rows = [
      { ...web, id: 'k3fq-1', destination: 'a.example:443' },
      { ...web, id: 'k3fq-2', destination: 'b.test:443' },
    ]
    const answers = {
      'connections.list': { connections: rows },
      'connections.kill': { killed: ['k3fq-1'], missing: [] },
    }
    const { outcome, calls } = await runCommand('cut dst:*.example port:443', answers)
    expect(calls.at(-1)).toEqual(['connections.kill', { ids: ['k3fq-1'] }])
    expect(outcome).toEqual({ data: { killed: ['k3fq-1'], missing: [] }, view: 'cut 1 connection' })
    const { outcome: none, calls: asked } = await runCommand('cut dst:c.example', answers)
    expect(asked.map(([method]) => method)).toEqual(['connections.list'])
    expect(none.view).toBe('cut 0 connections')
  })

  test.each(['user:b*', 'user:~b', 'user:-', '!user:bob', 'user:"b b"'])(
    'cut %s is a filter and not the name of a user',
    async (word) => {
      const { calls } = await runCommand(`cut '${word}'`, { 'connections.list': { connections: [] } })
      expect(calls.map(([method]) => method)).toEqual(['connections.list'])
    },
  )

  test.each(['b*', '~b', '-', '"b"', 'bob', 'b b'])(
    'the line that cuts the user %s names just that one',
    async (name) => {
      const { calls } = await runCommand(lineOf(callToCut(name)), { 'users.cut': { cut: 0 } })
      expect(calls).toEqual([['users.cut', { name }]])
    },
  )

  test('cut with a number ends the connection of an operator', async () => {
    const { outcome, calls } = await runCommand('cut 3', { 'sessions.cut': { name: 'kim' } })
    expect(calls).toEqual([['sessions.cut', { id: 3 }]])
    expect(outcome.view).toBe('ended connection 3 of kim')
  })

  test('closed takes a filter, and then looks at all that the daemon remembers', async () => {
    const connections = ['idle', 'denied', 'idle'].map((reason, at) => ({ ...ended, id: `k3fq-${at}`, reason }))
    const { outcome, calls } = await runCommand('closed reason:idle --last 1', {
      'connections.closed': { connections },
    })
    expect(calls).toEqual([['connections.closed', { limit: 500 }]])
    expect(outcome.data).toEqual([connections[0]])
  })

  test('cut sends no more ids at once than the daemon takes', async () => {
    const ids = Array.from({ length: 501 }, (_, at) => `k3fq-${at}`)
    const answers = [
      { killed: ids.slice(0, 500), missing: [] },
      { killed: [], missing: ids.slice(500) },
    ]
    const { outcome, calls } = await runCommand(`cut ${ids.join(' ')}`, { 'connections.kill': answers })
    expect(calls.map(([, params]) => (params as { ids: string[] }).ids)).toEqual([ids.slice(0, 500), ['k3fq-500']])
    expect(outcome.data).toEqual({ killed: ids.slice(0, 500), missing: ['k3fq-500'] })
  })
})
