import type { OperatorStore, StoredOperator } from '../store.ts'
import { noted } from './changes.ts'
import type { Connections } from './connections.ts'

/** Named operators in a table of PostgreSQL. */
export function postgresOperators(connections: Connections, node: string): OperatorStore {
  return {
    async list() {
      const rows = await connections.ask<StoredOperator>(
        `SELECT name, role, salt, iterations, stored_key AS "storedKey", server_key AS "serverKey", created
        FROM proxyd.operators`,
      )
      return rows.map(({ storedKey, serverKey, salt, ...row }) => {
        return { ...row, salt: plain(salt), storedKey: plain(storedKey), serverKey: plain(serverKey) }
      })
    },
    insert: (operator) =>
      noted(connections, node, async (ask, note) => {
        const rows = await ask(
          `INSERT INTO proxyd.operators (name, role, salt, iterations, stored_key, server_key, created)
          VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING name`,
          valuesOf(operator),
        )
        if (rows.length > 0) await note('operator', [operator.name])
        return rows.length > 0
      }),
    update: ({ name, created, role, keys }) =>
      noted(connections, node, async (ask, note) => {
        const rows = await ask(
          `UPDATE proxyd.operators SET role = coalesce($3, role), salt = coalesce($4, salt),
            iterations = coalesce($5, iterations), stored_key = coalesce($6, stored_key), server_key = coalesce($7, server_key)
          WHERE name = $1 AND created = $2 RETURNING name`,
          [name, created, role, keys?.salt, keys?.iterations, keys?.storedKey, keys?.serverKey],
        )
        if (rows.length > 0) await note('operator', [name])
        return rows.length > 0
      }),
    remove: (name) =>
      noted(connections, node, async (ask, note) => {
        const rows = await ask('DELETE FROM proxyd.operators WHERE name = $1 RETURNING name', [name])
        if (rows.length > 0) await note('operator', [name])
      }),
    async decoySecret() {
      const [row] = await connections.ask<{ bytes: Uint8Array }>('SELECT bytes FROM proxyd.decoy')
      if (!row) throw new SyntaxError('proxyd.decoy has no row')
      return plain(row.bytes)
    },
  }
}

function valuesOf({ name, role, salt, iterations, storedKey, serverKey, created }: StoredOperator): unknown[] {
  return [name, role, salt, iterations, storedKey, serverKey, created]
}

/** Of what the package gives as a Buffer, which is part of a larger one. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
