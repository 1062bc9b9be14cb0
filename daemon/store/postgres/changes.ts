import { type ChangeMark, mostChangesApart, type StoredChange } from '../store.ts'
import { type Ask, type Connections, type Lock, longStatementTime } from './connections.ts'

/** Of so many that are the oldest, those go with each change that have been there for too long. */
const lookedAt = 100
const kept = '400 days'

/**
 * Milliseconds since 1970, of the server: what is old for all is not for one node to say, whose clock may be a year ahead.
 */
export const clock = '(extract(epoch FROM now()) * 1000)::bigint'
/** Milliseconds by which a node's may be ahead of it without anything becoming of that. */
export const ahead = 300_000

/** Of a change, in microseconds since 1970. */
export const made = '(extract(epoch FROM made) * 1000000)::bigint AS made'

/** What a change is to have beside the lock of the list. */
interface Wants {
  readonly held?: readonly Lock[]
  /** How many it changes: of many, a statement may take its time. */
  readonly count?: number
}

/** Has what it adds to the list of changes be part of the transaction. */
export type Note = (kind: StoredChange['kind'], keys: readonly string[]) => Promise<void>

/**
 * A change that the other nodes hear of, and this one if it has not been told whether it was made. Whoever makes one has the lock, so that they
 * come in the order of their numbers.
 */
export async function noted<Result>(
  connections: Connections,
  node: string,
  work: (ask: Ask, note: Note) => Promise<Result>,
  { held = [], count = 1 }: Wants = {},
): Promise<Result> {
  const { result, own } = await connections.change(
    [...held, 'changes'],
    async (ask) => {
      const own: ChangeMark[] = []
      const result = await work(ask, async (kind, keys) => void own.push(...(await note(ask, node, kind, keys))))
      return { result, own }
    },
    count > mostChangesApart ? longStatementTime : undefined,
  )
  connections.ownChanges.push(...own)
  return result
}

/** Adds what has changed to the list, in a transaction that has the lock for that. */
export async function note(
  ask: Ask,
  node: string,
  kind: StoredChange['kind'],
  keys: readonly string[],
): Promise<ChangeMark[]> {
  if (keys.length === 0) return []
  const added = await ask<ChangeMark>(
    `INSERT INTO proxyd.change (seq, kind, key, node)
    SELECT last + place, $1, key, $2 FROM (SELECT coalesce(max(seq), 0) AS last FROM proxyd.change) AS before,
      unnest($3::text[]) WITH ORDINALITY AS keys (key, place) RETURNING seq, ${made}`,
    [kind, node, keys.length > mostChangesApart ? [''] : keys],
  )
  await ask(
    `DELETE FROM proxyd.change WHERE seq IN (
      SELECT seq FROM (SELECT seq, made FROM proxyd.change ORDER BY seq LIMIT ${lookedAt}) AS oldest
      WHERE made < now() - interval '${kept}')`,
  )
  return added
}
