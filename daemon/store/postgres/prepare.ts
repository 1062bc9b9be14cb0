import { Connections, longStatementTime } from './connections.ts'
import { copyInto } from './copy.ts'
import type { PostgresOptions } from './postgres-store.ts'
import { migrate } from './schema.ts'

/**
 * Makes the schema or brings it up to date, and fills it from the SQLite database `file`, if one is named. Resolves to what was
 * done, a line each, for people. Rejects with a StoreError.
 */
export async function prepareStore(
  { place, password, node }: PostgresOptions,
  file: string | undefined,
): Promise<string> {
  const connections = await Connections.open(place, password)
  try {
    return await connections.change(
      ['schema', 'usage of the gone', 'changes'],
      async (ask) => {
        const { before, now } = await migrate(ask, place.called)
        const lines = [
          before === now ? `${place.called} has schema ${now} already` : `${place.called} has schema ${now} now`,
        ]
        if (file !== undefined) {
          const copied = await copyInto(ask, node, file, place.called)
          lines.push(`copied ${copied.map(({ name, rows }) => `${name}: ${rows}`).join(', ')}`)
        }
        return lines.map((line) => `${line}\n`).join('')
      },
      longStatementTime,
    )
  } finally {
    await connections.close()
  }
}
