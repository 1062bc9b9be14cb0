import { closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { noLimits } from '../../daemon/access/accounts.ts'
import { openStore } from '../../daemon/store/open-store.ts'

/** A user as stores have them; nobody knows the password. */
export const bob = {
  name: 'bob',
  password: `$scrypt-sha256$ln=14,r=8,p=1$${'c2FsdA'.padEnd(22, 'A')}$${'a'.repeat(43)}`,
  enabled: true,
  created: 1,
  ...noLimits,
}

/** Makes a store in the folder, with so many users beside bob. The path of its database. */
export async function makeStore(folder: string, others = 0): Promise<string> {
  const store = await openStore(folder)
  await store.users.insert(bob)
  await store.rules.save({ revision: 1, text: 'deny user:bob to a.example\n', ids: [16], nextId: 17 })
  await store.close()
  const file = join(folder, 'proxyd.db')
  alter(
    file,
    `WITH RECURSIVE n(i) AS (SELECT 1 WHERE ${others} > 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${others})
    INSERT INTO users (name, password, enabled, created) SELECT 'user' || i, '${bob.password}', 1, i FROM n`,
  )
  return file
}

/** Changes a database behind the back of proxyd. */
export function alter(file: string, sql: string): void {
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
}

/** Adds a group, `late`, that lies in the log of changes alone, as a killed daemon leaves it. */
export function leaveLog(file: string): void {
  const database = new DatabaseSync(file)
  database.exec("PRAGMA wal_autocheckpoint = 0; INSERT INTO groups VALUES ('late', '{}', 1)")
  const copies = [file, `${file}-wal`].map((path) => [path, readFileSync(path)] as const)
  database.close()
  for (const [path, bytes] of copies) writeFileSync(path, bytes, { mode: 0o600 })
}

/** Writes over a page of a database, counted from 1. */
export function damagePage(file: string, page: number): void {
  const fd = openSync(file, 'r+')
  writeSync(fd, Buffer.alloc(4096, 0xa5), 0, 4096, (page - 1) * 4096)
  closeSync(fd)
}

/** Every file of a folder, with its bytes. */
export function contents(folder: string): Map<string, Buffer> {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]))
}
