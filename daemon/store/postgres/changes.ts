import { mostChangesApart, type StoredChange } from '../store.ts'
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
  const { result, seqs } = await connections.change(
    [...held, 'changes'],
    async (ask) => {
      const seqs: number[] = []
      const result = await work(ask, async (kind, keys) => void seqs.push(...(await note(ask, node, kind, keys))))
      return { result, seqs }
    },
    count > mostChangesApart ? longStatementTime : undefined,
  )
  for (const seq of seqs) connections.ownChanges.add(seq)
  return result
}

/** Adds what has changed to the list, in a transaction that has the lock for that. Resolves to the `seq` of each. */
export async function note(
  ask: Ask,
  node: string,
  kind: StoredChange['kind'],
  keys: readonly string[],
): Promise<number[]> {
  if (keys.length === 0) return []
  const rows = await ask<{ seq: number }>(
    `INSERT INTO proxyd.change (seq, kind, key, node)
    SELECT last + place, $1, key, $2 FROM (SELECT coalesce(max(seq), 0) AS last FROM proxyd.change) AS before,
      unnest($3::text[]) WITH ORDINALITY AS keys (key, place) RETURNING seq`,
    [kind, node, keys.length > mostChangesApart ? [''] : keys],
  )
  await ask(
    `DELETE FROM proxyd.change WHERE seq IN (
      SELECT seq FROM (SELECT seq, made FROM proxyd.change ORDER BY seq LIMIT ${lookedAt}) AS oldest
      WHERE made < now() - interval '${kept}')`,
  )
  return rows.map(({ seq }) => seq)
}
