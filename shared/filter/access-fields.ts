import { endReasonChoices, endReasonWords } from '../end-reasons.ts'
import type { AccessEntry } from '../protocol/methods.ts'
import { commandWords, protocolWords } from './connection-fields.ts'
import { amountField, type Fields, placeField, wordField } from './fields.ts'

/** What stands where there is nothing: no login, nothing asked for. */
const none = '-'

/** Where a connection went, as its client asked: `host:port`, IPv6 in brackets; empty if it asked for nothing. */
export function destinationOf({ name, address, port }: Pick<AccessEntry, 'name' | 'address' | 'port'>): string {
  if (port === null) return ''
  const host = name ?? address ?? none
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Who it was: a user, or `bob?` for somebody who tried that name in vain. */
export function whoIn({ user, tried }: Pick<AccessEntry, 'user' | 'tried'>): string {
  return user ?? (tried === undefined ? none : `${tried}?`)
}

/** What a filter can ask of an entry of the access log. */
export const accessFields: Fields<AccessEntry> = {
  user: wordField(({ user }) => [user ?? none]),
  tried: wordField(({ tried }) => [tried ?? none]),
  command: wordField(({ cmd }) => [cmd ?? none], commandWords),
  protocol: wordField(({ protocol }) => [protocol ?? none], protocolWords),
  src: placeField(({ source }) => source ?? ''),
  dst: placeField(destinationOf),
  addr: placeField(({ address }) => address ?? ''),
  port: amountField('count', ({ port }) => port ?? Number.NaN),
  result: wordField(({ result }) => [result], ['ok', 'refused', 'failed'] satisfies AccessEntry['result'][]),
  reason: wordField(
    ({ reason }) => (reason === null ? [none] : [reason, endReasonWords(reason)]),
    [none, ...endReasonChoices],
  ),
  event: wordField(({ event }) => [event], ['end', 'start', 'alive'] satisfies AccessEntry['event'][]),
  id: wordField(({ id }) => [id]),
  rule: wordField(({ rule }) => [rule === undefined ? none : String(rule)]),
  down: amountField('bytes', ({ down }) => down),
  up: amountField('bytes', ({ up }) => up),
  bytes: amountField('bytes', ({ down, up }) => down + up),
  lasted: amountField('time', ({ duration }) => duration),
  connect: amountField('time', ({ connect_ms }) => connect_ms ?? Number.NaN),
}
