import type { RuleStore, StoredRules } from '../store.ts'
import { idsIn } from '../stored-json.ts'
import { noted } from './changes.ts'
import type { Connections } from './connections.ts'
import { Seen } from './seen.ts'

type RuleRow = Omit<StoredRules, 'ids'> & { ids: string }

/** The rules in the one row of a table of PostgreSQL. */
export function postgresRules(connections: Connections, node: string): RuleStore {
  const seen = new Seen('the rules', node)
  return {
    async load() {
      const [row] = await connections.ask<RuleRow>('SELECT revision, text, ids, next_id AS "nextId" FROM proxyd.rules')
      seen.is(row?.revision ?? 0)
      return row && { ...row, ids: idsIn(row.ids) }
    },
    async save({ revision, text, ids, nextId }) {
      await noted(connections, node, async (ask, note) => {
        seen.expect(await ask('SELECT revision, node FROM proxyd.rules'), revision)
        await ask(
          `INSERT INTO proxyd.rules (one, revision, node, text, ids, next_id) VALUES (true, $1, $2, $3, $4, $5)
          ON CONFLICT (one) DO UPDATE SET revision = excluded.revision, node = excluded.node, text = excluded.text,
            ids = excluded.ids, next_id = excluded.next_id`,
          [revision, node, text, JSON.stringify(ids), nextId],
        )
        await note('rules', [''])
      })
      seen.is(revision)
    },
  }
}
