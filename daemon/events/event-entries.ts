import { type EndReason, endReasonWords } from '../../shared/end-reasons.ts'
import { destinationOf } from '../../shared/filter/access-fields.ts'
import { formatDuration } from '../../shared/format/time.ts'
import type { AccessEntry, AuditEntry, Ban, EventEntry, LogEntry, WatchNotice } from '../../shared/protocol/methods.ts'

/** What the daemon's own records come to as events. */

/** The filter of the access log for all that may be one. */
export const endedOtherwise = 'event:end !reason:finished !reason:ended'

const limits: ReadonlySet<EndReason> = new Set<EndReason>([
  'limit_user',
  'limit_source',
  'rate',
  'sources',
  'quota',
  'expired',
])

/** A connection that ended otherwise than well. */
export function eventOfConnection(entry: AccessEntry): EventEntry {
  const { id, ts, user, tried, source, reason } = entry
  const kind = kindOf(entry)
  const destination = destinationOf(entry)
  return {
    id,
    time: ts,
    kind,
    level: kind === 'not_reached' || kind === 'ended_badly' ? 'info' : 'warn',
    text: connectionText(entry, destination),
    user: user ?? tried ?? null,
    source: source === null ? null : hostOf(source),
    ...(destination !== '' && { destination }),
    ...(reason !== null && { reason }),
    count: 1,
  }
}

function kindOf({ reason, result }: AccessEntry): EventEntry['kind'] {
  if (reason === 'denied') return 'login_failed'
  if (reason !== null && limits.has(reason)) return 'limit_reached'
  if (result === 'refused') return 'client_refused'
  return result === 'failed' ? 'not_reached' : 'ended_badly'
}

/** What became of a client, by what its request came to. */
const fates = { ok: 'ended', refused: 'refused', failed: 'not served' } as const satisfies Record<
  AccessEntry['result'],
  string
>

function connectionText({ user, tried, reason, result }: AccessEntry, destination: string): string {
  if (reason === 'denied') return tried === undefined ? 'no login was offered' : `login of ${tried} failed`
  const to = destination === '' ? '' : ` to ${destination}`
  return `${user ?? 'a client without login'}${to} ${fates[result]}: ${endReasonWords(reason ?? '')}`
}

/** The address of `address:port`, or a network as it is. */
function hostOf(source: string): string {
  return source.includes('/') ? source : source.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}

/** A source that is banned, or no more. */
export function eventOfBan(ban: Ban, isBanned: boolean, time: number): Omit<EventEntry, 'id'> {
  const { source, since, until, reason, by } = ban
  const span = until === null ? 'until it is let in' : `for ${formatDuration(until - since)}`
  const why = by === null ? banReasons[reason] : `by ${by}`
  const text = isBanned ? `${source} is banned ${span}: ${why}` : `${source} may connect again`
  const kind = isBanned ? 'banned' : 'unbanned'
  return { time, kind, level: isBanned ? 'warn' : 'info', text, user: by, source, count: 1 }
}

const banReasons: Readonly<Record<Ban['reason'], string>> = {
  login: 'wrong passwords',
  malformed: 'what is no request to a proxy',
  silent: 'hundreds of connections that ask for nothing',
  operator: "an operator's word",
}

/** What an operator did, or was refused. */
export function eventOfAudit(entry: Omit<AuditEntry, 'id'>): Omit<EventEntry, 'id'> {
  const { time, by, from, action, given, outcome, count } = entry
  const isLogin = action === 'login'
  const isDone = outcome === 'ok'
  const kind = isLogin ? (isDone ? 'operator_login' : 'operator_login_failed') : isDone ? 'change' : 'change_refused'
  const who = by ?? (typeof given.name === 'string' ? given.name : 'somebody')
  const deed = isLogin ? 'management login' : `${action}${factsIn(given)}`
  const text = `${who}: ${deed}${isDone ? '' : ` refused: ${outcome}`}`
  const source = from.includes(' ') ? from.slice(from.indexOf(' ') + 1) : null
  return { time, kind, level: isDone ? 'info' : 'warn', text, user: by, source, count }
}

/** ` name="bob"`; of an object, each of what it holds. */
function factsIn(given: Readonly<Record<string, unknown>>): string {
  return Object.entries(given)
    .map(([name, value]) => {
      const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value)
      return isGroup ? factsIn({ ...value }) : ` ${name}=${JSON.stringify(value)}`
    })
    .join('')
}

/** What a watch tells. */
export function eventOfWatch({ watch, time, state, text }: WatchNotice): Omit<EventEntry, 'id'> {
  const level = state === 'over' ? 'info' : 'warn'
  return { time, kind: 'watch', level, text: `${watch}: ${text}`, user: null, source: null, count: 1 }
}

/** What another node of the fleet has changed, and acts here now. */
export function eventOfChange(text: string, time: number): Omit<EventEntry, 'id'> {
  return { time, kind: 'fleet', level: 'info', text, user: null, source: null, count: 1 }
}

/** A line of the log. */
export function eventOfLog({ time, level, message, fields = {} }: LogEntry): Omit<EventEntry, 'id'> {
  const [first = ''] = Object.values(fields)
  const text = message === '' ? (first.split('\n')[0] ?? '') : message
  return { time, kind: 'log', level, text, user: null, source: null, count: 1 }
}
