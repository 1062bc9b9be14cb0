import { formatBytes } from '../format/bytes.ts'
import { counted } from '../format/count.ts'
import { RpcError } from '../protocol/errors.ts'
import { type Context, everyPage } from './context.ts'
import { type Kept, readKept, writeKept } from './export-file.ts'
import { readForeignUsers } from './foreign-users.ts'
import { importSteps, type Line, missingOperators } from './import-steps.ts'
import { UsageError } from './usage.ts'
import { type Outcome, verb } from './verb.ts'

/** What changes is shown so far: nobody reads more. */
const mostShown = 1000

/** All that is kept, taken elsewhere, and brought here. */
export const transferVerbs = {
  export: verb({
    arguments: '[FILE]',
    role: 'admin',
    logged: true,
    summary: 'write all that is kept as one file of text, hashes too',
    prepare:
      ([file]) =>
      async ({ call, writeText }) => {
        const kept = await allKept(call)
        const lines = writeKept(kept)
        if (file === undefined) return { data: { proxyd: 1, ...kept }, view: { rows: lines.map((line) => [line]) } }
        await writeText(file, lines.map((line) => `${line}\n`).join(''))
        const { users = [], groups = [], rules = [] } = kept
        const view = `wrote ${file}: ${counted(users.length, 'user')}, ${counted(groups.length, 'group')}, ${counted(rules.length, 'line')} of rules`
        return { data: { file, users: users.length, groups: groups.length, rules: rules.length }, view }
      },
  }),
  import: verb({
    arguments: 'FILE',
    role: 'admin',
    logged: true,
    flags: { 'dry-run': 'only tell what would change' },
    summary: 'bring here what an export has, or a list of users',
    words: [
      ['FILE', "an export of proxyd; what 3proxy has as 'users'; or NAME:PASSWORD lines; - is stdin"],
      ['NAME:HASH', 'by crypt(5), $5$, $6$ or $2b$: ours takes its place once the user logs in'],
    ],
    ask: ([file], flags) => {
      if (flags.has('dry-run')) return null
      const facts = [
        'Users, groups, settings, bans and watches are added or changed, and nobody is removed.',
        'Its rules, if it has any, take the place of all rules.',
      ]
      return { question: `Import ${file}?`, facts, yes: 'Import' }
    },
    prepare:
      ([file], flags) =>
      async (context) => {
        const { kept, unreadable } = readAny(await context.readText(file))
        const outcome = await importAll(kept, unreadable, context, flags.has('dry-run'))
        const problem = `${counted(unreadable.length, 'user')} could not be read`
        return unreadable.length === 0 ? outcome : { ...outcome, problem }
      },
  }),
  backup: verb({
    arguments: 'FILE',
    role: 'admin',
    logged: true,
    lenient: true,
    summary: "copy the store into FILE of the daemon's machine",
    hints: { exists: 'a backup takes the place of no file' },
    prepare:
      ([file]) =>
      async ({ call }) => {
        const { bytes } = await call('transfer.backup', { file })
        return { data: { file, bytes }, view: `copied the store into ${file}, ${formatBytes(bytes)}` }
      },
  }),
}

async function allKept(call: Context['call']): Promise<Kept> {
  const users = await everyPage((from) => call('transfer.export', from))
  const groups = (await everyPage((from) => call('groups.list', from))).flatMap((page) => page.groups)
  const { text = '' } = await call('rules.list', { text: true, limit: 1 })
  const { settings } = await call('config.get', {})
  const bans = await everyPage((from) => call('bans.list', from))
  const { watches } = await call('watches.list', {})
  const { operators } = await call('operators.list', {})
  const stored = settings.filter(({ source }) => source === 'stored')
  return {
    groups: groups.map(({ name, limits }) => ({ name, limits })),
    users: users.flatMap((page) => page.users),
    rules: text === '' ? [] : text.trimEnd().split('\n'),
    settings: Object.fromEntries(stored.map(({ name, value }) => [name, value])),
    bans: bans.flatMap((page) => page.bans).flatMap(({ source, until, by }) => (by === null ? [] : { source, until })),
    watches: watches.map(({ name, text }) => ({ name, text })),
    operators: operators.map(({ name, role }) => ({ name, role })),
  }
}

/** An export, or what other programs have. Throws `UsageError`. */
function readAny(text: string): { readonly kept: Kept; readonly unreadable: readonly string[] } {
  if (/^\s*[[{]/.test(text)) return { kept: readKept(text), unreadable: [] }
  const { users, unreadable } = readForeignUsers(text)
  if (users.length + unreadable.length === 0) throw new UsageError('nothing to import is in it')
  return { kept: { users }, unreadable }
}

function refuseTwice(what: string, rows: readonly { readonly name: string }[] = []): void {
  const seen = new Set<string>()
  for (const { name } of rows) {
    if (seen.has(name)) throw new UsageError(`the ${what} ${JSON.stringify(name)} is in it twice`)
    seen.add(name)
  }
}

/** First only asks what would change: if part of it is refused, nothing has. */
async function importAll(
  kept: Kept,
  unreadable: readonly string[],
  context: Context,
  dryRun: boolean,
): Promise<Outcome> {
  refuseTwice('operator', kept.operators)
  refuseTwice('user', kept.users)
  refuseTwice('group', kept.groups)
  refuseTwice('watch', kept.watches)
  const steps = importSteps(kept)
  const warnings = [...unreadable, ...(await missingOperators(kept, context.call))]
  const parts: Line[][] = []
  for (const [name, step] of steps) parts.push(await step(context, true).catch(refused(name, [], false)))
  const lines = parts.flat()
  if (!dryRun) {
    const made: string[] = []
    for (const [name, step] of steps) {
      await step(context, false).catch(refused(name, made, true))
      made.push(name)
    }
  }
  return {
    data: { dryRun, changes: lines, warnings },
    view: lines.length === 0 ? 'all is so already' : { rows: rowsOf(lines) },
    told: `${dryRun ? 'would change' : 'changed'} ${counted(lines.length, 'thing')}`,
    warnings,
  }
}

function rowsOf(lines: readonly Line[]): string[][] {
  const rows = lines.slice(0, mostShown).map(({ sign, of, name, what }) => [sign, of, name, what])
  const more = lines.length - rows.length
  return more > 0 ? [...rows, ['', '', `and ${more} more, which --json has`]] : rows
}

/** Says what is done and what is not. */
function refused(part: string, made: readonly string[], isBegun: boolean) {
  return (error: unknown): never => {
    if (!(error instanceof RpcError)) throw error
    const all = [...made, ...(isBegun ? [`perhaps a part of ${part}`] : [])]
    const done = all.length === 0 ? 'nothing is imported' : `imported: ${all.join(', ')}, and nothing more`
    throw new RpcError(error.kind, `${part}: ${error.message}; ${done}`, error.details)
  }
}
