import { expect, test, vi } from 'vitest'
import { LateChanges } from '../../daemon/access/late-changes.ts'
import { Refusal } from '../../daemon/refusal.ts'
import { combine, configure } from '../../daemon/settings/configuration.ts'
import { type Effects, LiveSettings } from '../../daemon/settings/live-settings.ts'
import { acceptStored } from '../../daemon/settings/stored-settings.ts'
import { type SettingsStore, StoreError } from '../../daemon/store/store.ts'
import type { Params, Setting } from '../../shared/protocol/methods.ts'
import type { Settings, SettingValue } from '../../shared/settings.ts'

interface Situation {
  readonly flags?: Partial<Settings>
  readonly file?: Partial<Settings>
  readonly stored?: Record<string, SettingValue>
  readonly revision?: number
  readonly save?: SettingsStore['save']
  readonly foresee?: Effects['foresee']
  readonly foreseeStart?: Effects['foreseeStart']
}

function begin({ flags = {}, file = {}, stored = {}, revision = 0, ...fakes }: Situation = {}) {
  const values = new Map(Object.entries(stored))
  const started = configure(flags, file, {}, 1000)
  const save = vi.fn<SettingsStore['save']>(fakes.save ?? (async () => {}))
  const apply = vi.fn<Effects['apply']>(async () => {})
  const late = new LateChanges(() => {}, 2 ** 31 - 1)
  /** As the store has it, which another daemon may change. */
  const kept = { current: { revision, values } }
  const live = new LiveSettings({
    late,
    configuration: combine({ ...started.said, stored: acceptStored(values) }),
    stored: { revision, values },
    store: { load: async () => kept.current, save },
    effects: { foresee: fakes.foresee ?? (() => []), foreseeStart: fakes.foreseeStart ?? (() => {}), apply },
    tell: () => {},
  })
  const set = (patch: Params<'config.set'>['patch'], more: Partial<Params<'config.set'>> = {}) =>
    live.set({ revision: live.get().revision, patch, ...more })
  return { live, set, save, apply, late, kept }
}

function settingOf(live: LiveSettings, name: string): Setting | undefined {
  return live.get().settings.find((setting) => setting.name === name)
}

test('a change is stored, then acts, and shows with its source and a new revision', async () => {
  const { live, set, save, apply } = begin({ revision: 4 })
  const answer = await set({ 'timeout-idle': 5000, auth: 'auto' })
  expect(answer).toEqual({ revision: 5, changed: ['timeout-idle'], warnings: [], stored: true })
  expect(save).toHaveBeenCalledExactlyOnceWith(
    5,
    new Map<string, SettingValue>([
      ['timeout-idle', 5000],
      ['auth', 'auto'],
    ]),
  )
  expect(apply).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ 'timeout-idle': 5000 }))
  expect(save.mock.invocationCallOrder[0]).toBeLessThan(apply.mock.invocationCallOrder[0] ?? 0)
  expect(live.get().revision).toBe(5)
  expect(settingOf(live, 'timeout-idle')).toMatchObject({ value: 5000, source: 'stored', default: 3_600_000 })
  expect(settingOf(live, 'auth')).toMatchObject({ value: 'auto', source: 'stored' })
})

test('what is stored wins over the file; null goes back to it, or to the default', async () => {
  const stored = { 'timeout-idle': 300, 'timeout-connect': 400 }
  const { live, set } = begin({ file: { 'timeout-idle': 200 }, stored })
  expect(settingOf(live, 'timeout-idle')).toMatchObject({ value: 300, source: 'stored' })
  const { changed } = await set({ 'timeout-idle': null, 'timeout-connect': null })
  expect(changed.sort()).toEqual(['timeout-connect', 'timeout-idle'])
  expect(settingOf(live, 'timeout-idle')).toMatchObject({ value: 200, source: 'file' })
  expect(settingOf(live, 'timeout-connect')).toMatchObject({ value: 15_000, source: 'default' })
})

test('a flag wins over what is stored, but not over what is set now: a warning says that it will again', async () => {
  const { live, set } = begin({ flags: { 'max-connections': 10 }, stored: { 'max-connections': 20 } })
  expect(settingOf(live, 'max-connections')).toMatchObject({ value: 10, source: 'flag' })
  const { changed, warnings } = await set({ 'max-connections': 20 })
  expect(changed).toEqual(['max-connections'])
  expect(warnings).toEqual([expect.stringMatching(/--max-connections.*next start/)])
  expect(settingOf(live, 'max-connections')).toMatchObject({ value: 20, source: 'stored' })
  expect(await set({ 'max-connections': null })).toMatchObject({
    changed: ['max-connections'],
    warnings: [],
    stored: true,
  })
  expect(settingOf(live, 'max-connections')).toMatchObject({ value: 10, source: 'flag' })
})

test.each([
  [
    { workers: 3 },
    /workers takes effect at start: set it in the config file, and upgrade or restart; or as a flag, and restart/,
  ],
  [{ workers: null }, /workers takes effect at start/],
  [{ user: ['bob:hunter2'] }, /user takes effect at start/],
  [{ nonsense: 1 }, /"nonsense" is no setting/],
  [{ nonsense: null }, /"nonsense" is no setting/],
  [{ toString: 1 }, /"toString" is no setting/],
  [{ auth: 'sometimes' }, /auth must be one of auto, required, none/],
  [{ 'open-proxy': 'true' }, /open-proxy must be true or false/],
  [{ 'timeout-idle': 99 }, /timeout-idle must be a time from 100ms to 1d/],
  [{ 'timeout-idle': 1000.5 }, /whole number/],
  [{ 'max-connections': ['1'] }, /whole number/],
  [{ 'access-log': 'access.log' }, /access-log must be the path of a file from \/ on, off or -/],
  [{ 'timeout-idle': 5000, 'log-level': 'loud', auth: 'never' }, /log-level must.*; auth must/],
] as const)('refuses %j whole, and says what to do', async (patch, text) => {
  const { live, set, save, apply } = begin()
  const before = live.get()
  const refusal = await set(patch as unknown as Params<'config.set'>['patch']).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(Refusal)
  expect(refusal).toMatchObject({ kind: 'invalid', message: expect.stringMatching(text) })
  expect(String(refusal)).not.toContain('hunter2')
  expect(live.get()).toEqual(before)
  expect([save, apply].map(({ mock }) => mock.calls.length)).toEqual([0, 0])
})

test('a refusal stays short, whatever was asked for', async () => {
  const { set } = begin()
  const patch = Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`nonsense-${i}`, 1]))
  const refusal = await set(patch).catch((error: Refusal) => error)
  expect(JSON.stringify([(refusal as Refusal).message, (refusal as Refusal).details]).length).toBeLessThan(4000)
})

test('of two who change one revision, the second is told which is current', async () => {
  const { live, save } = begin({ revision: 6 })
  const changes = [{ auth: 'required' }, { auth: 'none' }].map((patch) => live.set({ revision: 6, patch }))
  const [first, second] = await Promise.allSettled(changes)
  expect(first).toMatchObject({ status: 'fulfilled', value: { revision: 7 } })
  expect(second).toMatchObject({ status: 'rejected', reason: { kind: 'conflict', details: { revision: 7 } } })
  expect(settingOf(live, 'auth')?.value).toBe('required')
  expect(save).toHaveBeenCalledOnce()
})

test('a dry run tells all that the change would, and changes nothing', async () => {
  const { live, set, save, apply } = begin({ flags: { auth: 'auto' }, foresee: () => ['careful'] })
  const before = live.get()
  expect(await set({ auth: 'none' }, { dryRun: true })).toEqual({
    revision: 0,
    changed: ['auth'],
    warnings: ['careful', expect.stringContaining('--auth')],
    stored: true,
  })
  await expect(set({ auth: 'nonsense' }, { dryRun: true })).rejects.toMatchObject({ kind: 'invalid' })
  await expect(set({}, { dryRun: true, revision: 1 })).rejects.toMatchObject({ kind: 'conflict' })
  expect(live.get()).toEqual(before)
  expect([save, apply].map(({ mock }) => mock.calls.length)).toEqual([0, 0])
})

test('what must not be is refused before it is stored', async () => {
  const foresee = () => {
    throw new Refusal('invalid', 'that would be unwise')
  }
  const { set, save } = begin({ foresee })
  await expect(set({ auth: 'none' })).rejects.toThrow('unwise')
  expect(save).not.toHaveBeenCalled()
})

test('if the store fails, nothing has changed, and the next change finds the old revision', async () => {
  const { live, set, save, apply } = begin({ save: () => Promise.reject(new Error('no room on the disk')) })
  const before = live.get()
  await expect(set({ auth: 'none' })).rejects.toThrow('no room')
  expect(live.get()).toEqual(before)
  expect(apply).not.toHaveBeenCalled()
  save.mockResolvedValue()
  expect(await set({ auth: 'none' })).toMatchObject({ revision: 1, changed: ['auth'] })
})

test('the revision stays if nothing is new', async () => {
  const { set, save } = begin({ stored: { auth: 'none', commands: ['connect'] }, revision: 3 })
  for (const patch of [{}, { auth: 'none' }, { 'timeout-idle': null }, { commands: ['connect'] }]) {
    expect(await set(patch)).toEqual({ revision: 3, changed: [], warnings: [], stored: true })
  }
  expect(save).not.toHaveBeenCalled()
  // To pin the default is new: a later default would not count.
  expect(await set({ 'log-level': 'info' })).toMatchObject({ revision: 4, changed: [] })
})

test('what is stored and makes no sense to this proxyd is named, ignored, and can be forgotten', async () => {
  const stored = { 'timeout-idle': 1, 'from-the-future': 7, workers: 2, auth: 'required' }
  const lines: string[] = []
  expect(acceptStored(new Map(Object.entries(stored)), (line) => lines.push(line))).toEqual({ auth: 'required' })
  expect(lines).toEqual([
    expect.stringMatching(/^the stored setting timeout-idle is ignored: it must be a time from 100ms to 1d/),
    expect.stringMatching(/^the stored setting from-the-future is ignored: it is no setting/),
    expect.stringMatching(/^the stored setting workers is ignored: it takes effect at start/),
  ])
  const { live, set, save } = begin({ stored })
  expect(settingOf(live, 'timeout-idle')).toMatchObject({ value: 3_600_000, source: 'default' })
  const forget = { 'from-the-future': null, workers: null, 'timeout-idle': null }
  expect(await set(forget)).toMatchObject({ revision: 1, changed: [] })
  expect(save).toHaveBeenCalledExactlyOnceWith(1, new Map(Object.entries(forget)))
  await expect(set({ 'from-the-future': null })).rejects.toMatchObject({ kind: 'invalid' })
})

test('what only takes something away from clients acts first, and is stored when it can be', async () => {
  let isFull = true
  const save: SettingsStore['save'] = async () => {
    if (isFull) throw new StoreError('failed', 'the disk is full')
  }
  const begun = begin({ save, stored: { 'rate-down': '10MB/s', 'open-proxy': true } })
  const { live, set, apply, late } = begun
  const tighter: Params<'config.set'>['patch'][] = [
    { 'max-connections-source': 5, 'rate-down': '5MB/s' },
    { commands: ['connect'], 'open-proxy': false },
    { 'rate-down': '4MB/s', auth: 'required' },
  ]
  for (const patch of tighter) expect(await set(patch)).toMatchObject({ stored: false })
  expect(apply).toHaveBeenCalledTimes(3)
  expect(live.values).toMatchObject({ 'max-connections-source': 5, 'rate-down': '4MB/s', commands: ['connect'] })
  for (const patch of [
    { 'rate-down': '0' },
    { commands: ['bind'] },
    { 'timeout-idle': 5000 },
    { 'rate-up': '1MB/s', auth: 'auto' },
  ])
    await expect(set(patch)).rejects.toMatchObject({ name: 'StoreError' })
  expect([live.get().revision, late.waiting]).toEqual([3, ['the settings']])
  isFull = false
  begun.save.mockClear()
  await late.settle()
  expect(begun.save.mock.calls).toEqual([
    [
      3,
      new Map<string, SettingValue>([
        ['max-connections-source', 5],
        ['rate-down', '4MB/s'],
        ['commands', ['connect']],
        ['open-proxy', false],
        ['auth', 'required'],
      ]),
    ],
  ])
})

test('what the config file says anew acts below what was set, has a new revision, and is stored nowhere', async () => {
  const { live, set, save, apply } = begin({ file: { 'timeout-idle': 200, backlog: 9 }, flags: { 'timeout-udp': 400 } })
  await set({ 'timeout-connect': 300 })
  const { revision } = live.get()
  save.mockClear()
  const file: Partial<Settings> = { 'timeout-idle': 250, 'timeout-connect': 350, 'timeout-udp': 450, backlog: 8 }
  expect(await live.reread(async () => file)).toEqual({
    now: [{ name: 'timeout-idle', before: '200ms', after: '250ms' }],
    later: [{ name: 'backlog', before: '9', after: '8' }],
    warnings: [],
  })
  expect(apply).toHaveBeenLastCalledWith(
    expect.objectContaining({ 'timeout-idle': 250, 'timeout-connect': 300, 'timeout-udp': 400, backlog: 9 }),
  )
  expect(save).not.toHaveBeenCalled()
  expect(live.get().revision).toBe(revision + 1)
  await set({ 'timeout-connect': null })
  expect(settingOf(live, 'timeout-connect')).toMatchObject({ value: 350, source: 'file' })
})

test('a config file that proxyd would not start with, or act by, changes nothing', async () => {
  const refuse = () => {
    throw new Refusal('invalid', 'no')
  }
  for (const fakes of [{ foresee: refuse }, { foreseeStart: refuse }]) {
    const { live, apply } = begin({ file: { 'timeout-idle': 200 }, ...fakes })
    await expect(live.reread(async () => ({ 'timeout-idle': 250 }))).rejects.toThrow('no')
    expect(apply).not.toHaveBeenCalled()
    expect(live.values['timeout-idle']).toBe(200)
  }
})

test('what another daemon has set acts, but for what a flag says here, and counts the revision', async () => {
  const { live, set, apply, kept } = begin({
    flags: { 'max-connections': 10 },
    stored: { auth: 'required' },
    revision: 4,
  })
  const values = new Map<string, SettingValue>([
    ['timeout-idle', 5000],
    ['max-connections', 20],
    ['workers', 3],
  ])
  kept.current = { revision: 9, values }
  await live.adopt()
  expect(apply).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ 'timeout-idle': 5000, 'max-connections': 10, auth: 'auto' }),
  )
  expect(live.get().revision).toBe(9)
  expect(settingOf(live, 'workers')?.source).toBe('default')
  await live.adopt()
  expect([apply.mock.calls.length, live.get().revision]).toEqual([1, 9])
  // What was set here is no flag's any more.
  await set({ 'max-connections': 30 })
  kept.current = { revision: 12, values: new Map([...values, ['max-connections', 40]]) }
  await live.adopt()
  expect(live.values['max-connections']).toBe(40)
})

test('what acts and is not stored yet is not undone by what another daemon has set', async () => {
  let isFull = true
  const { live, set, kept } = begin({
    save: async (revision, changes) => {
      if (isFull) throw new StoreError('failed', 'the disk is full')
      const values = new Map([...kept.current.values, ...changes].filter(([, value]) => value !== null))
      kept.current = { revision, values: values as Map<string, SettingValue> }
    },
  })
  expect(await set({ 'max-connections': 5 })).toMatchObject({ stored: false })
  kept.current = { revision: 1, values: new Map([['timeout-idle', 5000]]) }
  await expect(live.adopt()).rejects.toThrow('the disk is full')
  expect(live.values['max-connections']).toBe(5)
  isFull = false
  await live.adopt()
  expect(live.values).toMatchObject({ 'max-connections': 5, 'timeout-idle': 5000 })
})

test('what must not act here is refused, and nothing changes', async () => {
  const foresee = () => {
    throw new Refusal('conflict', 'an open proxy')
  }
  const { live, apply, kept } = begin({ foresee })
  kept.current = { revision: 3, values: new Map([['auth', 'none']]) }
  await expect(live.adopt()).rejects.toThrow('an open proxy')
  expect([apply.mock.calls.length, live.values.auth, live.get().revision]).toEqual([0, 'auto', 0])
})
