import { chownSync, existsSync, linkSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { whyNot } from '../shared/file-trouble.ts'
import { counted } from '../shared/format/count.ts'
import { checkStore, readStore } from './check-store.ts'
import { errnoOf, Failure } from './failure.ts'
import { parseRules } from './policy/rule.ts'
import { Refusal } from './refusal.ts'
import { checkDatabase } from './store/check-database.ts'
import { copyDatabase } from './store/database-copy.ts'
import { openStore } from './store/open-store.ts'
import { type Recovered, recoverDatabase } from './store/recover-database.ts'
import { databaseIn } from './store/sqlite-store.ts'

/** Lost users that are named; of more, how many. */
const mostNamed = 20
/** What SQLite keeps beside a database. */
const parts = ['', '-wal', '-journal']

/**
 * Puts a new store with what can be read of the damaged one in `folder` in its place, and keeps that under another name.
 * Resolves to what is lost, for people. Rejects with a Failure, and then all is as it was.
 */
export async function recoverStore(folder: string): Promise<string> {
  const file = databaseIn(folder)
  const sound = await checkStore(file, folder).catch((error: unknown) => {
    // What is not there is not damaged.
    if (!(error instanceof Failure) || !existsSync(file)) throw error
    return undefined
  })
  if (sound !== undefined) return `${sound}there is nothing to recover\n`
  const made = replacing(file, () => mkdtempSync(join(folder, 'recovered-')))
  try {
    const { recovered, areRulesLost } = await recoverInto(made, file)
    const { lines } = await readStore(databaseIn(made), folder)
    const kept = replacing(file, () => replace(file, databaseIn(made)))
    return [...linesOf(recovered, areRulesLost), ...lines.slice(1), `the damaged one is kept as ${kept}`]
      .map((line) => `${line}\n`)
      .join('')
  } catch (error) {
    throw error instanceof Refusal ? new Failure(1, error.message) : error
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

async function recoverInto(made: string, file: string): Promise<{ recovered: Recovered; areRulesLost: boolean }> {
  using copy = copyDatabase(file)
  await (await openStore(made)).close()
  const recovered = recoverDatabase(copy.folder, made, file)
  const areRulesLost = await dropRules(made)
  checkDatabase(made, file)
  return { recovered, areRulesLost }
}

/** Drops rules that can be read and mean nothing, so that proxyd starts with the rest. Resolves to whether it did. */
async function dropRules(made: string): Promise<boolean> {
  const store = await openStore(made)
  try {
    const rules = await store.rules.load()
    const areLost = rules !== undefined && !areRules(rules.text)
    if (areLost) await store.rules.save({ ...rules, text: '', ids: [] })
    return areLost
  } finally {
    await store.close()
  }
}

function areRules(text: string): boolean {
  try {
    parseRules(text)
    return true
  } catch {
    return false
  }
}

function linesOf({ tables, lostUsers }: Recovered, areRulesLost: boolean): string[] {
  const holes = tables.filter(({ isWhole }) => !isWhole).map(({ name }) => name)
  const named = lostUsers.slice(0, mostNamed).map((name) => JSON.stringify(name))
  const more = lostUsers.length > mostNamed ? ` and ${lostUsers.length - mostNamed} more` : ''
  const hasNoRules =
    areRulesLost || tables.some(({ name, rows, isWhole }) => name === 'rules' && rows === 0 && !isWhole)
  const hasNoUsers = tables.every(({ name, rows }) => name !== 'users' || rows === 0)
  return [
    `recovered ${tables.map(({ name, rows }) => `${name}: ${rows}`).join(', ')}`,
    ...(holes.length > 0 ? [`not all could be read of ${holes.join(', ')}`] : []),
    ...(lostUsers.length > 0 ? [`lost are ${counted(lostUsers.length, 'user')}: ${named.join(', ')}${more}`] : []),
    ...(areRulesLost ? ['lost are the rules, whose text is damaged'] : []),
    ...(hasNoRules ? ['WITHOUT ITS RULES: apply them anew before proxyd starts for others'] : []),
    ...(hasNoUsers ? ['WITHOUT USERS: clients of this machine need no password, unless --auth required says so'] : []),
  ]
}

/** A second name for the damaged files first, so that at no moment there is none for a start to find. */
function replace(file: string, by: string): string {
  const { uid, gid } = statSync(file)
  const time = new Date().toISOString().replaceAll(':', '-').replace(/\..*/, 'Z')
  const kept = `${file}-damaged-${time}`
  const there = parts.filter((part) => existsSync(file + part))
  for (const part of there) linkSync(file + part, kept + part)
  // Left there, SQLite would take it for the new one's.
  for (const part of there.filter((part) => part !== '')) rmSync(file + part)
  if (process.geteuid?.() === 0) chownSync(by, uid, gid)
  renameSync(by, file)
  return kept
}

function replacing<Result>(file: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    const mend = 'run this as the user that proxyd runs as, with room on the disk of --state-dir'
    throw new Failure(1, `cannot put a new store in place of the damaged ${file}: ${whyNot(error, file, mend)}`)
  }
}
