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
  `CREATE TABLE operators (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    salt BLOB NOT NULL CHECK (length(salt) >= 16),
    iterations INTEGER NOT NULL CHECK (iterations >= 4096),
    stored_key BLOB NOT NULL CHECK (length(stored_key) = 32),
    server_key BLOB NOT NULL CHECK (length(server_key) = 32),
    created INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT CHECK (json_valid(value)),
    revision INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  // SQLite's random bytes come from ChaCha20, seeded by the system.
  `CREATE TABLE decoy (bytes BLOB NOT NULL CHECK (length(bytes) = 32)) STRICT;
  INSERT INTO decoy VALUES (randomblob(32))`,
  // AUTOINCREMENT: the id of a user who is gone is never given again.
  `CREATE TABLE users_with_ids (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created INTEGER NOT NULL
  ) STRICT;
  INSERT INTO users_with_ids (name, password, enabled, created)
    SELECT name, password, enabled, created FROM users ORDER BY created, name;
  DROP TABLE users;
  ALTER TABLE users_with_ids RENAME TO users`,
  `CREATE TABLE bans (
    source TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    until INTEGER,
    reason TEXT NOT NULL,
    by TEXT
  ) STRICT, WITHOUT ROWID`,
  `ALTER TABLE users ADD COLUMN limits TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(limits));
  ALTER TABLE users ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE users ADD COLUMN first_used INTEGER;
  CREATE TABLE groups (
    name TEXT PRIMARY KEY,
    limits TEXT NOT NULL CHECK (json_valid(limits)),
    revision INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE usage (
    user INTEGER PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    up INTEGER NOT NULL,
    down INTEGER NOT NULL,
    mark INTEGER NOT NULL,
    marked INTEGER NOT NULL
  ) STRICT`,
  // One row at most.
  `CREATE TABLE rules (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL,
    text TEXT NOT NULL,
    ids TEXT NOT NULL CHECK (json_valid(ids)),
    next_id INTEGER NOT NULL
  ) STRICT`,
  // AUTOINCREMENT: an entry that is gone does not lend its id to another one. bytes: of the texts.
  `CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    operator TEXT,
    role TEXT NOT NULL,
    via TEXT NOT NULL,
    action TEXT NOT NULL,
    given TEXT NOT NULL CHECK (json_valid(given)),
    before TEXT CHECK (json_valid(before)),
    after TEXT CHECK (json_valid(after)),
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX audit_time ON audit (time)`,
  // user: 0 stands for clients without login, -1 for users who are gone or were never stored. hour, day: since 1970.
  `CREATE TABLE usage_hours (
    user INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    up INTEGER NOT NULL,
    down INTEGER NOT NULL,
    connections INTEGER NOT NULL,
    PRIMARY KEY (hour, user)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX usage_hours_user ON usage_hours (user);
  CREATE TABLE usage_days (
    user INTEGER NOT NULL,
    day INTEGER NOT NULL,
    up INTEGER NOT NULL,
    down INTEGER NOT NULL,
    connections INTEGER NOT NULL,
    PRIMARY KEY (day, user)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX usage_days_user ON usage_days (user);
  CREATE TABLE usage_batch (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    run INTEGER NOT NULL,
    number INTEGER NOT NULL
  ) STRICT;
  CREATE TRIGGER usage_of_the_gone AFTER DELETE ON users BEGIN
    INSERT INTO usage_hours SELECT -1, hour, up, down, connections FROM usage_hours WHERE user = OLD.id
      ON CONFLICT DO UPDATE SET
        up = up + excluded.up, down = down + excluded.down, connections = connections + excluded.connections;
    DELETE FROM usage_hours WHERE user = OLD.id;
    INSERT INTO usage_days SELECT -1, day, up, down, connections FROM usage_days WHERE user = OLD.id
      ON CONFLICT DO UPDATE SET
        up = up + excluded.up, down = down + excluded.down, connections = connections + excluded.connections;
    DELETE FROM usage_days WHERE user = OLD.id;
  END`,
  // One row at most.
  `CREATE TABLE known_sources (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    saved INTEGER NOT NULL,
    entries BLOB NOT NULL
  ) STRICT`,
  `CREATE TABLE watches (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    created INTEGER NOT NULL,
    by TEXT NOT NULL,
    seen TEXT NOT NULL CHECK (json_valid(seen))
  ) STRICT`,
]
