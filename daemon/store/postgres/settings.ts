import type { SettingsStore } from '../store.ts'
import { settingIn } from '../stored-json.ts'
import { noted } from './changes.ts'
import type { Connections } from './connections.ts'
import { Seen } from './seen.ts'

/** Settings in a table of PostgreSQL, their values as JSON, beside the revision of the last change. */
export function postgresSettings(connections: Connections, node: string): SettingsStore {
  const seen = new Seen('the settings', node)
  return {
    async load() {
      // As of one moment.
      const [row] = await connections.ask<{ revision: number; settings: Record<string, string> }>(
        `SELECT coalesce((SELECT revision FROM proxyd.settings_revision), 0) AS revision,
          (SELECT coalesce(json_object_agg(name, value), '{}') FROM proxyd.settings) AS settings`,
      )
      seen.is(row.revision)
      const values = Object.entries(row.settings).map(([name, value]) => [name, settingIn(value)] as const)
      return { revision: row.revision, values: new Map(values) }
    },
    async save(revision, changes) {
      const put = [...changes].filter(([, value]) => value !== null)
      await noted(connections, node, async (ask, note) => {
        seen.expect(await ask('SELECT revision, node FROM proxyd.settings_revision'), revision)
        await ask('DELETE FROM proxyd.settings WHERE name = ANY ($1::text[])', [[...changes.keys()]])
        await ask('INSERT INTO proxyd.settings (name, value) SELECT * FROM unnest($1::text[], $2::text[])', [
          put.map(([name]) => name),
          put.map(([, value]) => JSON.stringify(value)),
        ])
        await ask(
          `INSERT INTO proxyd.settings_revision VALUES (true, $1, $2)
          ON CONFLICT (one) DO UPDATE SET revision = excluded.revision, node = excluded.node`,
          [revision, node],
        )
        await note('settings', [''])
      })
      seen.is(revision)
    },
  }
}
