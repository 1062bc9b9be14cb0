import { describe, expect, it, onTestFinished } from 'vitest'
import { acceptStored } from '../../daemon/settings/stored-settings.ts'
import { damagedLimits, type Store } from '../../daemon/store/store.ts'
import { bob } from '../helpers/stores.ts'

/** A store of one test, of which `alter` changes tables behind the back of proxyd, while it is not open. */
export interface DamagedPlace {
  open(): Promise<Store>
  alter(sql: string): Promise<void>
  /** The name of a table there. */
  table(name: string): string
}

/** JSON that is no object, or has in it what no limit is. */
const noLimits = ['null', '[]', '7', '{"quota":{}}', '{"sources":[1]}']

/** What every adapter of `Store` makes of rows that were changed, or damaged, so that no database finds fault with them. */
export function testDamage(adapter: string, newPlace: () => Promise<DamagedPlace>): void {
  describe(`${adapter}: of what is damaged`, () => {
    async function damaged(made: (store: Store) => Promise<unknown>, sql: (table: DamagedPlace['table']) => string) {
      const { open, alter, table } = await newPlace()
      const before = await open()
      await made(before)
      await before.close()
      await alter(sql(table))
      const store = await open()
      onTestFinished(() => store.close())
      return store
    }

    it.each(noLimits)(
      'users and groups whose limits are %s stand for that, and all others are whole',
      async (limits) => {
        const store = await damaged(
          async ({ users, groups }) => {
            for (const name of ['ann', 'bob']) await users.insert({ ...bob, name, limits: { quota: 7 } })
            await groups.put({ name: 'staff', limits: {}, revision: 1 })
          },
          (table) =>
            `UPDATE ${table('users')} SET limits = '${limits}' WHERE name = 'ann';
          UPDATE ${table('groups')} SET limits = '${limits}'`,
        )
        const [ann, ...others] = await store.users.list()
        expect(others).toMatchObject([{ name: 'bob', limits: { quota: 7 } }])
        expect(ann).toMatchObject({ name: 'ann', limits: damagedLimits })
        expect(await store.users.named('ann')).toEqual(ann)
        expect(await store.groups.list()).toEqual([{ name: 'staff', limits: damagedLimits, revision: 1 }])
        await store.users.setLimits([{ id: ann?.id ?? 0, limits: { quota: 8 }, revision: 1, firstUsed: null, was: 0 }])
        expect(await store.users.named('ann')).toMatchObject({ limits: { quota: 8 }, revision: 1 })
      },
    )

    it('the numbers of rules, and what watches have seen, are none, and the rest is whole', async () => {
      const store = await damaged(
        async ({ rules, watches }) => {
          await rules.save({ revision: 1, text: 'deny to a.example', ids: [16], nextId: 20 })
          for (const name of ['v', 'w']) await watches.insert({ name, text: '', created: 1, by: 'alice', seen: ['x'] })
        },
        (table) =>
          `UPDATE ${table('rules')} SET ids = '{}'; UPDATE ${table('watches')} SET seen = '[1]' WHERE name = 'v'`,
      )
      expect(await store.rules.load()).toMatchObject({ text: 'deny to a.example', ids: [], nextId: 20 })
      expect((await store.watches.list()).map(({ seen }) => seen)).toEqual([undefined, ['x']])
    })

    it('settings are passed over, but those that keep others out keep out the most, and all are told of', async () => {
      const store = await damaged(
        ({ settings }) =>
          settings.save(
            1,
            new Map<string, string | number | string[]>([
              ['ban-exempt', ['10.0.0.1']],
              ['auth', 'required'],
              ['timeout-connect', 9_000],
              ['timeout-resolve', 70_000],
            ]),
          ),
        (table) =>
          `UPDATE ${table('settings')} SET value = 'null' WHERE name = 'ban-exempt';
          UPDATE ${table('settings')} SET value = '{}' WHERE name = 'auth';
          UPDATE ${table('settings')} SET value = '"1h"' WHERE name = 'timeout-connect'`,
      )
      const warned: string[] = []
      const { revision, values } = await store.settings.load()
      const accepted = acceptStored(values, (message) => warned.push(message))
      expect(accepted).toEqual({ 'timeout-resolve': 70_000, auth: 'required', 'ban-exempt': [] })
      expect(warned.sort()).toEqual([
        expect.stringMatching(/^the stored setting auth is ignored, and required counts: it /),
        expect.stringMatching(/^the stored setting ban-exempt is ignored, and nothing counts: it /),
        expect.stringMatching(/^the stored setting timeout-connect is ignored: it /),
      ])
      await store.settings.save(revision + 1, new Map([['auth', 'auto']]))
      expect((await store.settings.load()).values.get('auth')).toBe('auto')
    })

    it('entries of the audit are listed as the others', async () => {
      const entry = { time: 1, by: null, role: 'admin' as const, from: 'unix', action: 'users.add', count: 1 }
      const store = await damaged(
        ({ audit }) =>
          audit.append(
            ['ann', 'bob'].map((name) => ({ ...entry, outcome: 'ok', given: { name }, after: {} })),
            { since: 0, bytes: 1_000_000 },
          ),
        (table) => `UPDATE ${table('audit')} SET given = '7', after = '[]' WHERE id = 2`,
      )
      const stand = { damaged: 'what stands here cannot be read' }
      expect(await store.audit.list({ limit: 10 })).toMatchObject([
        { given: stand, after: stand },
        { given: { name: 'ann' }, after: {} },
      ])
    })

    it('integers that no number can hold keep none from the rest', async () => {
      const store = await damaged(
        async ({ users, usage, groups, bans, watches, known, rules, settings }) => {
          const id = (await users.insert(bob)) ?? 0
          await usage.save({ run: 1, number: 1, time: 0, rows: Float64Array.of(id, 1, 1, 0, 0, 1, 1, 1) })
          await groups.put({ name: 'staff', limits: {}, revision: 1 })
          const ban = { source: '192.0.2.1', since: 1, until: null, reason: 'operator' as const, by: null }
          await bans.save(new Map([[ban.source, ban]]))
          await watches.insert({ name: 'w', text: '', created: 1, by: 'alice', seen: [] })
          await known.save({ saved: 1, entries: new Uint8Array() })
          await rules.save({ revision: 1, text: '', ids: [], nextId: 1 })
          await settings.save(1, new Map([['auth', 'required']]))
        },
        (table) =>
          [
            ['usage', 'up'],
            ['groups', 'revision'],
            ['bans', 'since'],
            ['watches', 'created'],
            ['known_sources', 'saved'],
            ['rules', 'next_id'],
          ]
            .map(([name = '', column]) => `UPDATE ${table(name)} SET ${column} = 4611686018427387904`)
            .join(';'),
      )
      const most = expect.toSatisfy((value: number) => value >= Number.MAX_SAFE_INTEGER)
      expect(await store.usage.list()).toMatchObject([{ up: most, down: 1 }])
      expect(await store.groups.list()).toMatchObject([{ name: 'staff', revision: most }])
      expect(await store.bans.list()).toMatchObject([{ source: '192.0.2.1', since: most }])
      expect(await store.watches.list()).toMatchObject([{ name: 'w', created: most }])
      expect(await store.known.load()).toMatchObject({ saved: most })
      expect(await store.rules.load()).toMatchObject({ revision: 1, nextId: most })
    })

    it('operators whose common secret is gone are no operators', async () => {
      const store = await damaged(
        async () => {},
        (table) => `DELETE FROM ${table('decoy')}`,
      )
      const message = expect.stringMatching(/damaged .*decoy has no row.*: restore a backup/)
      await expect(store.operators.decoySecret()).rejects.toMatchObject({ problem: 'corrupt', message })
    })
  })
}
