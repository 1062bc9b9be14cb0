import { firstOf, type Network, overlap, readNetwork } from '../filter/addresses.ts'
import { safeJson } from '../format/safe-text.ts'
import { formatTime } from '../format/time.ts'
import { RpcError } from '../protocol/errors.ts'
import type { ImportChange, Params, Result } from '../protocol/methods.ts'
import { longestBan, mostBans, mostWatches } from '../protocol/vocabulary.ts'
import { type Context, everyPage } from './context.ts'
import type { Kept } from './export-file.ts'
import { valueText } from './limit-words.ts'

/** One thing that an import changes. */
export interface Line {
  readonly sign: '+' | '~' | '-'
  readonly of: string
  readonly name: string
  /** What is another, and how. */
  readonly what: string
}

/** Brings one part of an export to the daemon, or only tells what would change. */
export type Step = (context: Pick<Context, 'call' | 'tellProgress'>, dryRun: boolean) => Promise<Line[]>

type Users = NonNullable<Kept['users']>
type Groups = NonNullable<Kept['groups']>

/** In one request: half of what the protocol allows of values and bytes, whose changes fit into a reply, and passwords that are hashed in a second or two. */
const most = { values: 2000, bytes: 500_000, rows: 100, passwords: 25 }

/** In their order: users may be in groups that come with them. */
export function importSteps(kept: Kept): [name: string, step: Step][] {
  const { groups = [], users = [], rules = [], settings, bans = [], watches = [], operators = [] } = kept
  return [
    ['groups', inPages('groups', groups, (page) => ({ groups: page }))],
    ['users', inPages('users', users, (page) => ({ users: page, expected: expectedBy(page, groups) }))],
    // A daemon without rules has nothing to say against those that there are.
    ['rules', rules.length > 0 ? importRules(rules, groups.length + users.length > 0) : nothing],
    ['settings', settings ? importSettings(settings) : nothing],
    ['bans', importBans(bans, settings?.['ban-exempt'])],
    ['watches', importWatches(watches)],
    ['operators', importRoles(operators)],
  ]
}

const nothing: Step = async () => []

/** The groups that users are in and that come with them. */
function expectedBy(users: Users, groups: Groups): string[] {
  const theirs = new Set(users.map(({ limits }) => limits?.group))
  return groups.map(({ name }) => name).filter((name) => theirs.has(name))
}

function inPages<Row extends Users[number] | Groups[number]>(
  what: 'users' | 'groups',
  rows: readonly Row[],
  asked: (page: Row[]) => Params<'transfer.import'>,
): Step {
  return async ({ call, tellProgress }, dryRun) => {
    const lines: Line[] = []
    const ahead = { groups: 0, users: 0 }
    for (const { from, page } of pagesOf(rows)) {
      tellProgress(progressText(what, from, rows.length, dryRun))
      const params = { ...asked(page), ...(dryRun && { ahead: { ...ahead } }), dryRun }
      const { changes } = await call('transfer.import', params).catch((error: Error) => {
        error.message = `of ${what} ${from + 1} to ${from + page.length}, ${error.message}`
        throw error
      })
      ahead[what] += changes.filter(({ isNew }) => isNew).length
      lines.push(...changes.map(lineOf))
    }
    return lines
  }
}

function progressText(what: string, done: number, all: number, dryRun: boolean): string {
  return `${dryRun ? 'looking at' : 'importing'} ${what}: ${done} of ${all}`
}

function* pagesOf<Row extends object>(rows: readonly Row[]): Generator<{ from: number; page: Row[] }> {
  let from = 0
  let page: Row[] = []
  let [values, bytes, passwords] = [0, 0, 0]
  for (const [at, row] of rows.entries()) {
    const size = JSON.stringify(row).length
    const count = countOf(row)
    const hashed = 'password' in row ? 1 : 0
    const isFull = values + count > most.values || bytes + size > most.bytes || passwords + hashed > most.passwords
    if (page.length > 0 && (isFull || page.length === most.rows)) {
      yield { from, page }
      ;[from, page, values, bytes, passwords] = [at, [], 0, 0, 0]
    }
    page.push(row)
    values += count
    bytes += size
    passwords += hashed
  }
  if (page.length > 0) yield { from, page }
}

/** As the protocol counts: values in arrays and objects singly. */
function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce((sum, member) => sum + countOf(member), 1)
}

function lineOf({ of, name, isNew, fields }: ImportChange): Line {
  const what = Object.entries(fields)
    .map(([field, { before, after }]) =>
      field === 'password' ? field : `${field} ${factText(field, before)} -> ${factText(field, after)}`,
    )
    .join(', ')
  return { sign: isNew ? '+' : '~', of, name, what }
}

function factText(field: string, value: unknown): string {
  if (value === undefined) return '-'
  if (field === 'enabled') return value ? 'yes' : 'no'
  if (field === 'created' || field === 'firstUsed') return value === null ? '-' : formatTime(value as number)
  return valueText(field, value as Parameters<typeof valueText>[1])
}

/** `withAccounts`: users or groups come with them, and are not there yet in a dry run, so that tests about them would fail. */
function importRules(lines: readonly string[], withAccounts: boolean): Step {
  return async ({ call }, dryRun) => {
    const isAhead = (line: string) => dryRun && withAccounts && /^\s*test\b.*\b(user|group):/.test(line)
    const text = lines.map((line) => `${isAhead(line) ? '' : line}\n`).join('')
    const before = await call('rules.list', { text: true, limit: 1 })
    if ((before.text ?? '').trimEnd() === text.trimEnd()) return []
    const { added, removed, reordered } = await call('rules.apply', { text, ifRevision: before.revision, dryRun })
    return [
      ...removed.map((rule): Line => ({ sign: '-', of: 'rule', name: rule, what: '' })),
      ...added.map((rule): Line => ({ sign: '+', of: 'rule', name: rule, what: '' })),
      ...(reordered ? [{ sign: '~', of: 'rules', name: 'order', what: '' } as const] : []),
    ]
  }
}

function importSettings(settings: NonNullable<Kept['settings']>): Step {
  return async ({ call }, dryRun) => {
    const { revision, settings: now } = await call('config.get', {})
    const stored = new Map(now.map((setting) => [setting.name, setting]))
    const isOther = ([name, value]: [string, unknown]) => {
      const setting = stored.get(name)
      return setting?.source !== 'stored' || JSON.stringify(setting.value) !== JSON.stringify(value)
    }
    const patch = Object.fromEntries(Object.entries(settings).filter(isOther))
    if (Object.keys(patch).length === 0) return []
    await call('config.set', { revision, patch, dryRun })
    return Object.entries(patch).map(([name, value]): Line => {
      const before = stored.get(name)?.value
      return { sign: '~', of: 'setting', name, what: `${settingText(before)} -> ${settingText(value)}` }
    })
  }
}

function settingText(value: unknown): string {
  return Array.isArray(value) ? value.join(',') || '-' : String(value ?? '-')
}

/** `exempt`: what the same import sets `ban-exempt` to, if it does. */
function importBans(bans: NonNullable<Kept['bans']>, exempt: unknown): Step {
  return async ({ call, tellProgress }, dryRun) => {
    if (bans.length === 0) return []
    const pages = await everyPage((from) => call('bans.list', from))
    const there = pages.flatMap((page) => page.bans)
    const known = new Set(there.flatMap(({ source }) => readNetwork(source) ?? []).map(keyOf))
    const now = Date.now()
    const wished = new Map(bans.map((ban) => [keyOf(bannable(ban.source)), ban]))
    const missing = [...wished]
      .filter(([key, { until }]) => (until ?? Number.POSITIVE_INFINITY) > now && !known.has(key))
      .map(([, ban]) => ban)
    refuseTooLong(missing, now)
    // Those that were earned make room.
    refuseTooMany('bans', there.filter(({ by }) => by !== null).length, missing.length, mostBans)
    if (missing.length > 0) refuseExempt(missing, exempt ?? (await exemptNow(call)))
    for (const [at, ban] of dryRun ? [] : missing.entries()) {
      tellProgress(progressText('bans', at, missing.length, dryRun))
      await call('bans.add', { source: ban.source, ...(ban.until !== null && { seconds: secondsTo(ban.until, now) }) })
    }
    return missing.map((ban): Line => {
      return {
        sign: '+',
        of: 'ban',
        name: ban.source,
        what: ban.until === null ? '' : `until ${formatTime(ban.until)}`,
      }
    })
  }
}

function secondsTo(until: number, now: number): number {
  return Math.ceil((until - now) / 1000)
}

/** As `refuseTooMany`. */
function refuseTooLong(bans: NonNullable<Kept['bans']>, now: number): void {
  for (const { source, until } of bans)
    if (until !== null && secondsTo(until, now) > longestBan)
      throw new RpcError('invalid_params', `the ban of ${source} ends in more than ten years: have null for its until`)
}

/** What the daemon bans where it is told this source: of IPv6 a network. Throws `RpcError`, as `refuseTooMany` does. */
function bannable(source: string): Network {
  const network = readNetwork(source)
  if (network?.bits === 32 && network.prefix === 32) return network
  if (network?.bits === 128 && network.prefix === 128) return { ...network, first: firstOf(network, 64), prefix: 64 }
  if (network?.bits === 128 && [48, 64].includes(network.prefix)) return network
  throw new RpcError('invalid_params', `${safeJson(source)} is no source that can be banned`)
}

function keyOf({ first, prefix, bits }: Network): string {
  return `${bits} ${first}/${prefix}`
}

async function exemptNow(call: Context['call']): Promise<unknown> {
  const { settings } = await call('config.get', {})
  return settings.find(({ name }) => name === 'ban-exempt')?.value
}

/** As `refuseTooMany`: the daemon would refuse such a ban when the others have been made. */
function refuseExempt(bans: NonNullable<Kept['bans']>, exempt: unknown): void {
  const never = (Array.isArray(exempt) ? exempt : []).flatMap((each) => readNetwork(String(each)) ?? [])
  const exemptBan = bans.find(({ source }) => never.some((each) => overlap(each, bannable(source))))
  if (exemptBan)
    throw new RpcError('conflict', `${exemptBan.source} is never banned: take it out of ban-exempt, or of the import`)
}

/** They are added one by one: what has no room for the last is to be known before the first. */
function refuseTooMany(what: string, there: number, added: number, most: number): void {
  if (there + added <= most) return
  throw new RpcError('conflict', `there are ${there} now, these are ${added} more, and there can be ${most} ${what}`)
}

/** One of the same name that looks out for something else makes room. */
function importWatches(watches: NonNullable<Kept['watches']>): Step {
  return async ({ call }, dryRun) => {
    if (watches.length === 0) return []
    const now = new Map((await call('watches.list', {})).watches.map(({ name, text }) => [name, text]))
    const changed = watches.filter(({ name, text }) => now.get(name) !== text)
    refuseTooMany('watches', now.size, changed.filter(({ name }) => !now.has(name)).length, mostWatches)
    for (const { name, text } of dryRun ? [] : changed) {
      if (now.has(name)) await call('watches.remove', { name })
      await call('watches.add', { name, text })
    }
    return changed.map(({ name, text }): Line => {
      const before = now.get(name)
      return before === undefined
        ? { sign: '+', of: 'watch', name, what: text }
        : { sign: '~', of: 'watch', name, what: `${before} -> ${text}` }
    })
  }
}

function importRoles(operators: NonNullable<Kept['operators']>): Step {
  return async ({ call }, dryRun) => {
    if (operators.length === 0) return []
    const now = rolesIn(await call('operators.list', {}))
    const changed = operators.filter(({ name, role }) => (now.get(name) ?? role) !== role)
    if (!dryRun && changed.length > 0) {
      const { name: us } = await call('session.whoami', {})
      // Once we are no admin, no other role is ours to change.
      const inOrder = changed.toSorted((a, b) => Number(a.name === us) - Number(b.name === us))
      for (const { name, role } of inOrder) await call('operators.setRole', { name, role })
    }
    return changed.map(({ name, role }): Line => {
      return { sign: '~', of: 'operator', name, what: `${now.get(name)} -> ${role}` }
    })
  }
}

/** Operators whom no import can make, since no export has their passwords: what is to be done about each. */
export async function missingOperators({ operators = [] }: Kept, call: Context['call']): Promise<string[]> {
  if (operators.length === 0) return []
  const roles = rolesIn(await call('operators.list', {}))
  return operators
    .filter(({ name }) => !roles.has(name))
    .map(
      ({ name, role }) => `no export has passwords of operators: 'addoperator ${name} --role ${role}' makes a new one`,
    )
}

function rolesIn({ operators }: Result<'operators.list'>) {
  return new Map(operators.map(({ name, role }) => [name, role]))
}
