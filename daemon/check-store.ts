import type { Settings } from '../shared/settings.ts'
import { readBans } from './access/bans.ts'
import { Groups } from './access/groups.ts'
import { loadAccounts } from './access/load-accounts.ts'
import { Passwords } from './access/passwords.ts'
import { Failure } from './failure.ts'
import { damageOf, damageWarning } from './limits/damaged-limits.ts'
import { openNamedStore, type StoreSettings } from './named-store.ts'
import { Refusal } from './refusal.ts'
import { prepareRules } from './rules/live-rules.ts'
import { acceptStored } from './settings/stored-settings.ts'
import { checkDatabase } from './store/check-database.ts'
import { copyDatabase } from './store/database-copy.ts'
import { openStore } from './store/open-store.ts'
import { databaseIn } from './store/sqlite-store.ts'
import type { Store } from './store/store.ts'

/**
 * Reads all of a copy of the database `file`, as a start would that uses the lists of rules in `folder`, and changes nothing.
 * Resolves to what it holds, for people; rejects with a Failure if proxyd would not start with it.
 */
export async function checkStore(file: string, folder: string): Promise<string> {
  try {
    const { lines } = await readStore(file, folder)
    return lines.map((line) => `${line}\n`).join('')
  } catch (error) {
    throw told(error, (message) => message)
  }
}

/** What a store holds that daemons share, as `checkStore`. Rejects with a Failure, or a StoreError. */
export async function readSharedStore(settings: StoreSettings): Promise<StoreContents> {
  const store = await openNamedStore(settings)
  const { held, warnings, ...contents } = await readAll(store, settings['state-dir'])
  return { lines: [`the store can be used: ${held}`, ...warnings], ...contents }
}

/** What it holds. */
export interface StoreContents {
  /** For people. */
  readonly lines: readonly string[]
  readonly users: number
  readonly settings: Partial<Settings>
}

/** As `checkStore`; rejects with a StoreError of `locked` if a proxyd has it open. */
export async function readStore(file: string, folder: string): Promise<StoreContents> {
  using copy = copyDatabase(file)
  const schema = checkDatabase(copy.folder, file)
  const { held, warnings, users, settings } = await openStore(copy.folder)
    .then((store) => readAll(store, folder))
    .catch((error: unknown) => {
      // The file, and not its copy, is what people know.
      const why = (message: string) =>
        message.replaceAll(databaseIn(copy.folder), 'it').replaceAll(`the store in ${copy.folder}`, 'it')
      throw told(error, (message) => `${file} can be read, but proxyd would not start with it: ${why(message)}`)
    })
  return { lines: [`${file} is sound: schema: ${schema}, ${held}`, ...warnings], users, settings }
}

function told(error: unknown, sentence: (message: string) => string): unknown {
  return error instanceof Refusal || error instanceof Failure ? new Failure(1, sentence(error.message)) : error
}

/** Closes it. */
async function readAll(
  store: Store,
  folder: string,
): Promise<Omit<StoreContents, 'lines'> & { readonly held: string; readonly warnings: readonly string[] }> {
  try {
    const warnings: string[] = []
    const warn = (message: string) => void warnings.push(message)
    const accounts = await loadAccounts(store, [], new Passwords(), { needed: [], warn })
    const groups = new Groups(await store.groups.list())
    const damages = [
      ...groups.list().flatMap(({ name, limits }) => damageOf('group', name, limits) ?? []),
      ...accounts.list().flatMap(({ name, limits }) => damageOf('user', name, limits) ?? []),
    ]
    if (damages.length > 0) warn(damageWarning(damages))
    const members = {
      indexOf: (kind: 'user' | 'group', name: string) => (kind === 'user' ? accounts : groups).named(name)?.index,
      groupOf: () => 0,
    }
    const { text } = await prepareRules(store, { folder, members, warn }, 1)
    const settings = acceptStored((await store.settings.load()).values, warn)
    const bans = readBans(await store.bans.list())
    for (const warning of bans.warnings) warn(warning)
    const counts = {
      users: accounts.size,
      groups: groups.list().length,
      operators: (await store.operators.list()).length,
      settings: Object.keys(settings).length,
      rules: text.rules.length,
      bans: bans.readable.length,
      watches: (await store.watches.list()).length,
    }
    const held = Object.entries(counts)
      .map(([what, count]) => `${what}: ${count}`)
      .join(', ')
    return { held, warnings, users: accounts.size, settings }
  } finally {
    await store.close()
  }
}
