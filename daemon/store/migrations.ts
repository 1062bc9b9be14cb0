/**
 * The schema's history: each step leads from one version to the next, and the number of steps is the current version.
 * Only ever add to the end.
 */
export const migrations: readonly string[] = [
  `CREATE TABLE users (
    name TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
]
