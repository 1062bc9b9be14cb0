import { connectionFields } from '../filter/connection-fields.ts'
import { counted } from '../format/count.ts'
import { limits } from '../protocol/limits.ts'
import type { Context } from './context.ts'
import { filterWords, readFilter } from './filter-words.ts'
import { liveConnections } from './rates.ts'
import { UsageError } from './usage.ts'
import { type Call, type Deed, type Known, type Outcome, type Question, verb } from './verb.ts'

/** Connections named before several are cut. */
const named = 3

/** What the words of a cut name. */
type Target =
  | { readonly of: 'connections'; readonly ids: readonly string[] }
  /** A connection of an operator with the daemon. */
  | { readonly of: 'session'; readonly id: number }
  | { readonly of: 'user'; readonly name: string }
  | { readonly of: 'filter'; readonly words: readonly string[] }

/** The end of connections: of clients, by id or by what is true of them, and of operators. */
export const cutVerbs = {
  cut: verb({
    arguments: 'ID-OR-FILTER...',
    takes: ['connectionOrUser'],
    role: 'operator',
    logged: true,
    summary: 'cut connections, by id or filter',
    words: [
      ['ID', "of connections as 'connections' tells it, or of one operator's as 'sessions' does, which takes an admin"],
      ['user:bob', "all of one user; they may come back at once: 'disable' keeps them out"],
      ...filterWords.filter(([word]) => !['WORD', 'user:bob'].includes(word)),
    ],
    hints: { not_found: "list users with 'users', connections with 'connections', operators' with 'sessions'" },
    ask: (words, _, known) => questionBefore(targetOf(words), known),
    prepare: (words) => deedFor(targetOf(words)),
  }),
}

/**
 * A word that asks no field is an id: that a text stands somewhere in a row is too little to cut it. Throws `UsageError` for both together,
 * and for a field that is asked for nothing, as by a script whose variable is empty: a filter half typed would show all.
 */
function targetOf(words: readonly string[]): Target {
  const [first = ''] = words
  if (words.length === 1 && /^\d{1,15}$/.test(first)) return { of: 'session', id: Number(first) }
  const asking = words.filter((word) => /^!*[a-z-]+[:<>=]/.test(word))
  if (asking.length === 0) return { of: 'connections', ids: words }
  const half = asking.find((word) => /^!*[a-z-]+[:<>=]+$/.test(word))
  if (half !== undefined) throw new UsageError(`${half}: say behind it what is to be cut, such as user:bob`)
  if (asking.length < words.length)
    throw new UsageError('either each word is an id, or each asks a field, such as user:bob or dst:*.example.com')
  const [, sign = '', name = ''] = (words.length === 1 && /^user([:=])(.+)$/s.exec(first)) || []
  return sign === '=' || isPlain(name) ? { of: 'user', name } : { of: 'filter', words }
}

/** Whether it is a name to a filter, and not a pattern, or the sign for no login. */
function isPlain(name: string): boolean {
  return name !== '' && name !== '-' && !name.startsWith('~') && !/[*"]/.test(name)
}

/** What cuts all connections of a user, whatever the name is. */
export function callToCut(user: string): Call {
  return { verb: 'cut', values: [`user${isPlain(user) ? ':' : '='}${user}`] }
}

function questionBefore(target: Target, known: Known): Question | string {
  switch (target.of) {
    case 'connections':
      return questionById(target.ids, known)
    case 'session':
      return {
        question: `End management connection ${target.id}?`,
        facts: ["Its operator may come back: 'deloperator' or 'passwdoperator' keeps them out."],
        yes: 'End',
      }
    case 'user': {
      const live = known.user(target.name)?.connections
      if (live === 0) return `${target.name} has no connection`
      return {
        question: `Cut ${live === undefined ? 'all connections' : counted(live, 'connection')} of ${target.name}?`,
        facts: ['They may come back at once: disabling keeps them out.'],
        yes: `Cut ${live ?? 'all'}`,
      }
    }
    case 'filter':
      return {
        question: `Cut all connections that match ${target.words.join(' ')}?`,
        facts: [`They are looked for among ${known.connections ?? 'all'} once you say so.`],
        yes: 'Cut all',
      }
  }
}

function questionById(ids: readonly string[], known: Known): Question {
  const [one] = ids.length === 1 ? ids.map((id) => known.connection(id)) : []
  if (one) {
    const { client, destination, user } = one
    const facts = [
      `from ${client}`,
      `to ${destination ?? 'nowhere yet'}`,
      user === null ? 'without login' : `of ${user}`,
    ]
    return { question: 'Cut this connection?', facts, yes: 'Cut' }
  }
  const all = known.connections === null ? '' : ` of ${counted(known.connections, 'connection')}`
  return { question: `Cut ${ids.length}${all}?`, facts: nameSome(ids, known), yes: `Cut ${ids.length}` }
}

/** The first few of them, and how many more there are. */
function nameSome(ids: readonly string[], known: Known): string[] {
  const some = ids.slice(0, named).map((id) => {
    const row = known.connection(id)
    return row ? `${row.client} to ${row.destination ?? 'nowhere yet'}` : `connection ${id}`
  })
  return ids.length > named ? [...some, `and ${ids.length - named} more`] : some
}

function deedFor(target: Target): Deed {
  switch (target.of) {
    case 'connections':
      return (context) => cutById(context, target.ids)
    case 'session':
      return async ({ call }) => {
        const { name } = await call('sessions.cut', { id: target.id })
        return { data: { id: target.id, name }, view: `ended connection ${target.id} of ${name}` }
      }
    case 'user':
      return async ({ call }) => {
        const { cut, silent = [] } = await call('users.cut', { name: target.name })
        return {
          data: { name: target.name, cut, ...(silent.length > 0 && { silent }) },
          view: `cut ${counted(cut, 'connection')} of ${target.name}`,
          ...(silent.length > 0 && { problem: `no answer yet of ${silent.join(', ')}` }),
        }
      }
    case 'filter': {
      const { matches, asks } = readFilter(connectionFields, target.words)
      return async (context) => {
        const found = (await liveConnections(context, asks)).filter(matches)
        const { data, told } = await cutById(
          context,
          found.map(({ connection }) => connection.id),
        )
        // Those that ended by themselves meanwhile are gone, as was wanted.
        return { data, view: told }
      }
    }
  }
}

async function cutById({ call }: Context, ids: readonly string[]): Promise<Outcome & { readonly told: string }> {
  const killed: string[] = []
  const missing: string[] = []
  for (let at = 0; at < ids.length; at += limits.page) {
    const result = await call('connections.kill', { ids: ids.slice(at, at + limits.page) })
    killed.push(...result.killed)
    missing.push(...result.missing)
  }
  return {
    data: { killed, missing },
    view: killed.length > 0 ? `cut ${killed.join(' ')}` : '',
    told: cutAndMissing(killed.length, missing.length),
    ...(missing.length > 0 && { problem: `no such connection, it may have ended: ${missing.join(' ')}` }),
  }
}

function cutAndMissing(cut: number, missing: number): string {
  const gone = missing > 0 ? `${counted(missing, 'connection')} had ended before` : ''
  return [cut > 0 || missing === 0 ? `cut ${counted(cut, 'connection')}` : '', gone].filter(Boolean).join(', ')
}
