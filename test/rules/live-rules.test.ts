import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LateChanges } from '../../daemon/access/late-changes.ts'
import type { RuleMemory } from '../../daemon/engine/engine.ts'
import { SessionTable, State } from '../../daemon/engine/session-table.ts'
import { OwnSockets } from '../../daemon/policy/own-sockets.ts'
import { RuleHits } from '../../daemon/policy/rule-hits.ts'
import { firstRulePlace, RuleSet } from '../../daemon/policy/rule-set.ts'
import { LiveRules, type LiveRulesOptions, prepareRules } from '../../daemon/rules/live-rules.ts'
import { type StoredRules, StoreError } from '../../daemon/store/store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

async function begin(stored?: StoredRules) {
  const kept: StoredRules[] = stored ? [stored] : []
  const table = new SessionTable(8)
  const judged: RuleMemory[] = []
  const disk = { isFull: false }
  const warned: string[] = []
  const commands = ['connect']
  const late = new LateChanges(() => {}, 2 ** 31 - 1)
  const options: LiveRulesOptions = {
    engine: {
      tables: [table],
      order: async (_, memory) => {
        judged.push(memory as RuleMemory)
        return []
      },
    },
    members: { indexOf: (kind, name) => (kind === 'user' && name === 'bob' ? 7 : undefined), groupOf: () => 0 },
    store: {
      load: async () => kept.at(-1),
      save: async (rules) => {
        if (disk.isFull) throw new StoreError('failed', 'the disk is full')
        kept.push(rules)
      },
    },
    late,
    warn: (message) => void warned.push(message),
    folder: '/',
    settings: () => ({ commands }) as never,
    own: () => new OwnSockets([{ address: '127.0.0.1', port: 1080 }], () => false),
    lookUp: async (name) => (name === 'xn--mnchen-3ya.example' ? ['10.0.0.1'] : []),
  }
  const place = { called: 'the store', fleet: undefined }
  const rules = new LiveRules(options, await prepareRules({ ...place, rules: options.store }, options, 1))
  const ids = () => rules.list().rows.map(({ id, text }) => [id, text])
  return { rules, kept, judged, table, ids, disk, late, warned, commands, again: () => begin(kept.at(-1)) }
}

describe('rules', () => {
  beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00Z') }))
  afterEach(() => void vi.useRealTimers())

  it('that are stored and are none are told with their place and the mend', async () => {
    const damaged = begin({ revision: 1, text: 'let bob in', ids: [16], nextId: 17 })
    const message =
      'the rules in the store are damaged (line 1, column 1: a rule begins with allow or deny): ' +
      'restore a backup, or have proxyd --recover-store save all but them'
    await expect(damaged).rejects.toMatchObject({ problem: 'corrupt', message })
  })

  it('that are new end on a day that there is, and what was stored before is read as ever', async () => {
    const slip = 'deny to a.example until 2027-02-30'
    const { rules, ids } = await begin({ revision: 1, text: slip, ids: [16], nextId: 17 })
    expect(ids()).toContainEqual([16, 'deny to a.example until 2027-03-02'])
    await rules.add({ rule: 'deny to b.example until 2028-02-29' })
    for (const change of [
      rules.add({ rule: 'deny until 2027-02-29' }),
      rules.apply({ text: `${slip}\ndeny until 2027-06-31T12:00Z` }),
    ])
      await expect(change).rejects.toThrow(/column 12: "2027-0.*" is no time/)
    expect(ids()).toContainEqual([16, 'deny to a.example until 2027-03-02'])
  })

  it('are tried by so many tests as others can wait for', async () => {
    const { rules } = await begin()
    const listed = (count: number) => Array.from({ length: count }, (_, i) => `1.2.${i >> 8}.${i & 255}`).join()
    const line = `test from ${listed(304)} cmd connect,bind resolving ${listed(32)} a.example:80 = allow\n`
    await expect(rules.apply({ text: line, dryRun: true })).rejects.toThrow(/^line 1, .* more than 20000 addresses/)
    const many = `test resolving ${listed(33)} a.example:80 = allow`
    await expect(rules.apply({ text: many })).rejects.toThrow('line 1, column 1: a test has at most 32 addresses')
    const most = `test from ${listed(200)} resolving ${listed(32)} a.example:80 = deny`
    await expect(rules.apply({ text: most })).rejects.toThrow('this test expects denied')
  })

  it('take a test of several addresses and commands in one line as another line', async () => {
    const { rules } = await begin()
    const rule = 'test from 192.0.2.1,192.0.2.2 cmd connect,bind example.com:80 = allow'
    await expect(rules.add({ rule })).resolves.toMatchObject({ stored: true })
  })

  it.each([[[]], [[16]], [[16, 16]]])(
    'whose numbers are %j where they are two have them given anew, and act',
    async (stored) => {
      const text = 'deny to a.example\nallow to b.example\n'
      const { rules, ids, warned } = await begin({ revision: 1, text, ids: stored, nextId: 20 })
      const own = () => ids().filter(([id]) => Number(id) >= 16)
      expect(own()).toEqual([
        [20, 'deny to a.example'],
        [21, 'allow to b.example'],
      ])
      expect(warned).toEqual([expect.stringMatching(/^the numbers of the stored rules are damaged/)])
      await rules.adopt()
      await rules.remove({ ids: [20] })
      expect(own()).toEqual([[21, 'allow to b.example']])
    },
  )

  it('keep their numbers, hits and comments while others come, go and change places, and over a restart', async () => {
    const { rules, kept, judged, ids, again } = await begin()
    await rules.apply({ text: '# ours\ndeny to a.example\ndeny to b.example # b\n' })
    new RuleHits((judged.at(-1) as RuleMemory).hits, firstRulePlace + 2, 0).count(firstRulePlace + 1, 5)
    await rules.insert({ rule: 'allow user:bob', place: 1 })
    await rules.move({ id: 17, place: 1 })
    await rules.remove({ ids: [16] })
    await rules.add({ rule: 'deny to a.example' })
    const own = [
      [1, "deny to proxyd's own sockets"],
      [3, 'deny cmd bind,udp-associate'],
      [2, 'deny to special # of clients that are not on loopback'],
    ]
    const listed = [
      [17, 'deny to b.example # b'],
      [18, 'allow user:bob'],
      [19, 'deny to a.example'],
    ]
    expect(ids()).toEqual([...own.slice(0, 2), ...listed, ...own.slice(2)])
    expect(rules.list().rows.find(({ id }) => id === 17)).toMatchObject({ hits: 1, last: 5, place: 1 })
    expect(kept.at(-1)?.text).toContain('# ours\n')
    // Its hits are of the last minute until they are older, though other rules are in force since.
    const latelyHit = () => rules.list().rows.find(({ id }) => id === 17)?.lately
    vi.advanceTimersByTime(60_000)
    expect(latelyHit()).toBe(1)
    vi.advanceTimersByTime(10_000)
    expect(latelyHit()).toBe(0)
    expect((await again()).ids()).toEqual(ids())
  })

  it('take over what another daemon has stored, and count from its revision on', async () => {
    const { rules, kept, judged, ids, disk, again } = await begin()
    await rules.apply({ text: 'allow to a.example\ndeny to *.example\n' })
    const there = await again()
    await there.rules.remove({ ids: [16] })
    await there.rules.add({ rule: 'deny user:bob' })
    const before = judged.length
    kept.push(there.kept.at(-1) as StoredRules)
    await rules.adopt()
    await rules.adopt()
    expect([ids(), judged.length]).toEqual([there.ids(), before + 1])
    expect(rules.list().revision).toBe(there.rules.list().revision)
    await expect(rules.add({ rule: 'deny to any', ifRevision: 1 })).rejects.toMatchObject({ kind: 'conflict' })
    disk.isFull = true
    await rules.add({ rule: 'deny to b.test' })
    await expect(rules.adopt()).rejects.toMatchObject({ name: 'StoreError' })
    disk.isFull = false
    await rules.adopt()
    expect(kept.at(-1)?.text).toContain('deny to b.test')
    expect(rules.text).toBe(kept.at(-1)?.text)
  })

  it('never overwrite what another has changed meanwhile, nor act where they are refused', async () => {
    const { rules, kept } = await begin()
    await rules.add({ rule: 'deny to a.example', ifRevision: 0 })
    await expect(rules.add({ rule: 'deny to b.example', ifRevision: 0 })).rejects.toMatchObject({ kind: 'conflict' })
    await expect(rules.apply({ text: 'deny to any\ndeny port x' })).rejects.toMatchObject({
      kind: 'invalid',
      details: { line: 2, column: 11 },
    })
    await expect(rules.apply({ text: 'deny to any\ntest user:bob a.example:80 = allow' })).rejects.toMatchObject({
      details: { line: 2 },
    })
    await expect(rules.add({ rule: 'deny to a\ndeny to b' })).rejects.toMatchObject({ kind: 'invalid' })
    expect(kept.map(({ text }) => text)).toEqual(['deny to a.example\n'])
  })

  it('that deny more act at once, and are stored when they can be', async () => {
    const { rules, kept, judged, disk, late } = await begin()
    await rules.apply({ text: 'allow to a.example\ndeny to *.example\ndeny to b.test\n' })
    disk.isFull = true
    expect(await rules.insert({ rule: 'deny to c.example', place: 1 })).toMatchObject({ stored: false, revision: 2 })
    expect(await rules.remove({ ids: [16] })).toMatchObject({ stored: false, revision: 3 })
    expect([judged.length, late.waiting]).toEqual([3, ['the rules']])
    for (const loosened of [
      () => rules.add({ rule: 'allow to d.example' }),
      () => rules.remove({ ids: [18] }),
      () => rules.move({ id: 18, place: 1 }),
    ])
      await expect(loosened()).rejects.toMatchObject({ name: 'StoreError' })
    expect([rules.list().revision, judged.length, kept.length]).toEqual([3, 3, 1])
    disk.isFull = false
    await late.settle()
    expect(kept.at(-1)).toMatchObject({ revision: 3, text: 'deny to c.example\ndeny to *.example\ndeny to b.test\n' })
    expect(await rules.add({ rule: 'allow to d.example' })).toMatchObject({ stored: true, revision: 4 })
  })

  it('warn of names that nobody has, once, and mark what is about nobody', async () => {
    const { rules } = await begin()
    const warnings = [
      'there is no user "bop" yet, so this is about nobody',
      'there is no group "kids" yet, so this is about nobody',
    ]
    const text = 'deny user:bop to a.example\ndeny user:bop to b.example\nallow user:bob\ndeny group:kids\n'
    expect(await rules.apply({ text, dryRun: true })).toMatchObject({ warnings })
    expect(await rules.apply({ text })).toMatchObject({ warnings })
    expect(rules.list().rows.flatMap(({ place, unknown }) => (place === null ? [] : [unknown]))).toEqual([
      true,
      true,
      undefined,
      true,
    ])
    expect(await rules.add({ rule: 'deny to c.example' })).toMatchObject({ warnings: [] })
    const tested = 'test user:bop a.example:80 = allow\n'
    expect(await rules.apply({ text: tested })).toMatchObject({ warnings: warnings.slice(0, 1) })
  })

  it('warn of so many names at most', async () => {
    const { rules } = await begin()
    const text = Array.from({ length: 100 }, (_, i) => `deny user:u${i}\n`).join('')
    const { warnings } = await rules.apply({ text })
    expect([warnings.length, warnings.at(-1)]).toEqual([20, 'and 81 more are unknown'])
  })

  it('without lists are not touched by a reload, which is no change', async () => {
    const { rules, judged, kept } = await begin()
    await rules.add({ rule: 'deny to a.example' })
    await rules.reload()
    expect([rules.list().revision, judged.length, kept.length]).toEqual([1, 1, 1])
  })

  it('judge live sessions anew when the time of one comes', async () => {
    const { rules, judged } = await begin()
    await rules.add({ rule: 'allow to any until 2026-01-01T00:01Z' })
    await vi.advanceTimersByTimeAsync(59_000)
    expect(judged).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(judged).toHaveLength(2)
    expect(judged[1]).toBe(judged[0])
    await vi.advanceTimersByTimeAsync(1e9)
    expect(judged).toHaveLength(2)
  })

  it('that have a time end within a minute where the clock was set, or the machine slept', async () => {
    const { rules, judged } = await begin()
    await rules.add({ rule: 'allow to any until 2026-01-01T06:00Z' })
    vi.setSystemTime('2026-01-01T08:00Z')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(judged).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1e9)
    expect(judged).toHaveLength(2)
  })

  it('tell how many live sessions they would end, and end none', async () => {
    const { rules, table, judged } = await begin()
    for (const [slot, port] of [80, 25].entries()) {
      table.begin(slot, slot + 1, 1)
      table.enter(slot, State.open, 1)
      table.command[slot] = 1
      table.targetPort[slot] = port
      table.targetAddress.set([93, 184, 216, 34], slot * 16 + 12)
      table.targetAddress.set([0xff, 0xff], slot * 16 + 10)
    }
    expect(await rules.add({ rule: 'deny port 25', dryRun: true })).toMatchObject({ added: ['deny port 25'], cut: 1 })
    expect(judged).toEqual([])
    expect(rules.text).toBe('')
  })

  it("say of a request what would become of it, the daemon's own sockets and settings included", async () => {
    const { rules } = await begin()
    await rules.apply({ text: 'allow to 10.0.0.0/8\ndeny user:bob to *.example\ndeny to any' })
    const test = (host: string, port: number, more = {}) => rules.test({ user: 'bob', host, port, ...more })
    expect(await test('127.0.0.1', 1080)).toEqual({
      allowed: false,
      phases: [{ address: '127.0.0.1', allowed: false, rule: 1, next: null }],
    })
    expect((await test('a.example', 80, { command: 'bind' })).phases).toMatchObject([{ address: null, rule: 3 }])
    expect((await test('a.example', 80)).phases).toMatchObject([{ address: null, rule: 17, next: 18 }])
    const resolve = ['10.0.0.1', '8.8.8.8']
    expect(await test('other.test', 80, { resolve })).toEqual({
      allowed: true,
      phases: [
        { address: null, allowed: true, rule: null, next: null },
        { address: '10.0.0.1', allowed: true, rule: 16, next: 18 },
        { address: '8.8.8.8', allowed: false, rule: 18, next: null },
      ],
    })
    await expect(rules.test({ user: 'eve', host: 'a.test', port: 1 })).rejects.toMatchObject({ kind: 'not_found' })
  })

  it('say of any request what an engine does with it', async () => {
    const { rules, commands } = await begin()
    commands.push('bind', 'udp-associate')
    const test = (host: string, more = {}) => rules.test({ user: null, host, port: 80, ...more })
    await rules.apply({ text: 'deny cmd bind,udp-associate\ndeny to 10.0.0.0/8\ndeny' })
    // Whoever may come to a BIND is not known before.
    const denied = { address: null, allowed: false, rule: 16, next: 18 }
    expect(await test('0.0.0.0', { command: 'bind' })).toEqual({ allowed: false, phases: [denied] })
    expect(await test('a.example', { command: 'udp-associate' })).toEqual({ allowed: false, phases: [denied] })

    // Clients ask for a name in ASCII, and it is one name however it is written.
    await rules.apply({ text: 'deny to 10.0.0.0/8\ndeny to straße.example' })
    expect(await test('MÜNCHEN.example.')).toMatchObject({ allowed: false, phases: [{}, { address: '10.0.0.1' }] })
    expect(await test('Straße.example')).toMatchObject({ allowed: false, phases: [{ address: null }] })
    expect(await test('::ffff:10.0.0.1')).toMatchObject({ allowed: false, phases: [{ address: '10.0.0.1' }] })
    const tests = 'deny cmd bind\ndeny to straße.example\ntest cmd bind [::]:1 = deny\ntest straße.example:1 = deny'
    await rules.apply({ text: tests })

    for (const host of ['a..example', 'a b', 'fe80::1%eth0', 'a.example..'])
      await expect(test(host)).rejects.toMatchObject({
        kind: 'invalid',
        message: `"${host}" is no name or address that a client can ask for`,
      })
    // Each of several is tried.
    for (const several of ['cmd connect,bind', 'from 10.0.0.1,::1 cmd bind'])
      await expect(
        rules.apply({
          text: `deny from ::1 cmd bind\ndeny from 127.0.0.1 cmd bind\ntest ${several} a.example:80 = allow`,
        }),
      ).rejects.toThrow(/^line 3, column 1: this test expects allowed/)
    await expect(rules.apply({ text: 'test a..example:80 = allow' })).rejects.toThrow(
      /^line 1, column 1: "a..example" is no/,
    )
  })

  it('follow the users that they name', async () => {
    const { judged, rules } = await begin()
    await rules.add({ rule: 'deny user:bob' })
    const bob = { user: 7, group: 0, source: Uint8Array.of(192, 0, 2, 1), command: 1 }
    const decide = (user: number) =>
      new RuleSet((judged[0] as RuleMemory).rules).decideName({ ...bob, user }, 'a.example', 80, 0)
    expect([decide(7), decide(8)]).toEqual([-firstRulePlace, 0])
  })
})

describe('a list', () => {
  it('is a plain file: no pipe is waited for', async () => {
    const { rules } = await begin()
    const pipe = join(await temporaryFolder(), 'pipe')
    await promisify(execFile)('mkfifo', ['-m', '600', pipe])
    await expect(rules.apply({ text: `deny to @${pipe}` })).rejects.toThrow(`${pipe} is no plain file`)
  })

  it('lies where others cannot put another one', async () => {
    const { rules } = await begin()
    const file = join(await temporaryFolder(), 'list')
    await writeFile(file, 'example.com\n')
    await rules.apply({ text: `deny to @${file}` })
    await chmod(dirname(file), 0o1777)
    await expect(rules.apply({ text: `deny to @${file}` })).rejects.toThrow(`in the place of ${file}`)
  })

  it('is not quoted to whoever names it: it may be a secret that only the daemon can read', async () => {
    const { rules } = await begin()
    const file = join(await temporaryFolder(), 'secret')
    await writeFile(file, 'root:hunter2\n', { mode: 0o600 })
    const refusal: Error = await rules.apply({ text: `deny to @${file}` }).then(
      () => expect.unreachable(),
      (error) => error,
    )
    expect(refusal.message).toContain(`${file}:1: this line is no name`)
    expect(refusal.message).not.toContain('hunter2')
  })
})
