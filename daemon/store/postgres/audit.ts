import { type AuditRow, bytesOf, entryOf, rowOf } from '../audit-rows.ts'
import type { AuditStore } from '../store.ts'
import { ahead, clock } from './changes.ts'
import type { Ask, Connections } from './connections.ts'

/** Entries that go at once where there are too many. */
const goAtOnce = 100

/** What operators did on all nodes, in a table of PostgreSQL. */
export function postgresAudit(connections: Connections, node: string): AuditStore {
  return {
    append: (entries, kept) =>
      connections.change([], async (ask) => {
        const rows = entries.map(rowOf)
        const more = bytesOf(rows)
        // First, so that ids grow in the order in which others see them.
        let [{ bytes }] = await ask<Bytes>('UPDATE proxyd.audit_size SET bytes = bytes + $1 RETURNING bytes', [more])
        const ids = await insert(ask, node, rows)
        const old = await ask<Bytes>(
          `DELETE FROM proxyd.audit WHERE time < $1 - greatest(0, $2::bigint - ${ahead} - ${clock}) RETURNING bytes`,
          [kept.since, Date.now()],
        )
        let gone = bytesOf(old)
        while (bytes - gone > kept.bytes) {
          const oldest = await ask<Bytes>(
            `DELETE FROM proxyd.audit WHERE id IN (SELECT id FROM proxyd.audit ORDER BY id LIMIT ${goAtOnce}) RETURNING bytes`,
          )
          if (oldest.length === 0) break
          gone += bytesOf(oldest)
        }
        if (gone > 0)
          [{ bytes }] = await ask<Bytes>('UPDATE proxyd.audit_size SET bytes = bytes - $1 RETURNING bytes', [gone])
        return ids
      }),
    async list({ since = 0, until = Number.MAX_SAFE_INTEGER, by, action, before = Number.MAX_SAFE_INTEGER, limit }) {
      const rows = await connections.ask<AuditRow>(
        `SELECT id, time, operator, role, via, node, action, given, before, after, outcome, count FROM proxyd.audit
        WHERE id < $1 AND time >= $2 AND time < $3 AND ($4::text IS NULL OR operator = $4)
          AND ($5::text IS NULL OR action = $5 OR starts_with(action, $5 || '.'))
        ORDER BY id DESC LIMIT $6`,
        [before, since, until, by ?? null, action ?? null, limit],
      )
      return rows.map(entryOf)
    },
  }
}

interface Bytes {
  readonly bytes: number
}

type Cells = ReturnType<typeof rowOf>

async function insert(ask: Ask, node: string, rows: readonly Cells[]): Promise<number[]> {
  const column = (name: keyof Cells) => rows.map((row) => row[name])
  const added = await ask<{ id: number }>(
    `INSERT INTO proxyd.audit (node, time, operator, role, via, action, given, before, after, outcome, count, bytes)
    SELECT $1, time, operator, role, via, action, given, before, after, outcome, count, bytes
    FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
      $10::text[], $11::bigint[], $12::bigint[]) WITH ORDINALITY
      AS given (time, operator, role, via, action, given, before, after, outcome, count, bytes, place)
    ORDER BY place RETURNING id`,
    [
      node,
      ...(
        ['time', 'operator', 'role', 'via', 'action', 'given', 'before', 'after', 'outcome', 'count', 'bytes'] as const
      ).map(column),
    ],
  )
  return added.map(({ id }) => id).sort((a, b) => a - b)
}
