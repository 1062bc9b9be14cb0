import { endReasonChoices, endReasonWords } from '../end-reasons.ts'
import type { ClosedConnection, Connection } from '../protocol/methods.ts'
import { portOf } from './addresses.ts'
import { amountField, type Fields, placeField, wordField } from './fields.ts'

/** A live connection, and what several looks at it tell. */
export interface ConnectionRow {
  readonly connection: Connection
  /** Bytes a second. */
  readonly rate: { readonly up: number; readonly down: number }
  /** Milliseconds since it was opened, and since it moved a byte, as far as that was seen. */
  readonly age: number
  readonly idle: number
}

/** Milliseconds without a byte after which an open connection is idle to a filter. */
const quiet = 5000

/** What stands where there is nothing: no login, nothing asked for yet. */
const none = '-'

/** The words that a field can be. */
export const commandWords = [
  'connect',
  'bind',
  'udp-associate',
  'forward',
  'request',
  none,
] as const satisfies readonly (Connection['command'] | typeof none)[]
/** As `commandWords`. */
export const protocolWords = ['socks5', 'socks4', 'http', none] as const satisfies readonly (
  | Connection['protocol']
  | typeof none
)[]
const states = [
  'negotiating',
  'resolving',
  'connecting',
  'listening',
  'open',
  'closing',
] as const satisfies readonly Connection['state'][]
const paces = ['user', 'source', 'everybody', none] as const satisfies readonly (Connection['paced'] | typeof none)[]

/** What a filter can ask of a connection, live or ended. */
const lastingFields: Fields<Pick<ConnectionRow, 'connection'>> = {
  user: wordField(({ connection }) => [connection.user ?? none]),
  command: wordField(({ connection }) => [connection.command ?? none], commandWords),
  protocol: wordField(({ connection }) => [connection.protocol ?? none], protocolWords),
  src: placeField(({ connection }) => connection.client),
  dst: placeField(({ connection }) => connection.destination ?? ''),
  addr: placeField(({ connection }) => connection.address ?? ''),
  port: amountField('count', ({ connection }) => portOf(connection.destination ?? '')),
  id: wordField(({ connection }) => [connection.id]),
  rule: wordField(({ connection: { rule } }) => [rule === undefined ? none : String(rule)]),
  down: amountField('bytes', ({ connection }) => connection.down),
  up: amountField('bytes', ({ connection }) => connection.up),
  bytes: amountField('bytes', ({ connection }) => connection.down + connection.up),
}

/** What a filter can ask of a live connection that was looked at twice, a second apart. */
export const connectionFields: Fields<Omit<ConnectionRow, 'idle'>> = {
  ...lastingFields,
  state: wordField(({ connection }) => stateWords(connection), [...states, 'paced']),
  paced: wordField(({ connection }) => [connection.paced ?? none], paces),
  rate: amountField('bytes', ({ rate }) => rate.down + rate.up),
  'down-rate': amountField('bytes', ({ rate }) => rate.down),
  'up-rate': amountField('bytes', ({ rate }) => rate.up),
  age: amountField('time', ({ age }) => age),
}

/** The same of one that is watched: what has been quiet for a while is idle. */
export const watchedConnectionFields: Fields<ConnectionRow> = {
  ...connectionFields,
  state: wordField(
    ({ connection, idle }) => [
      ...stateWords(connection),
      ...(connection.state === 'open' && idle >= quiet ? ['idle'] : []),
    ],
    [...states, 'idle', 'paced'],
  ),
  idle: amountField('time', ({ idle }) => idle),
}

/** What a filter can ask of a connection that ended; as the access log is asked. */
export const closedFields: Fields<{ readonly connection: ClosedConnection }> = {
  ...lastingFields,
  tried: wordField(({ connection }) => [connection.tried ?? none]),
  reason: wordField(({ connection: { reason } }) => [reason, endReasonWords(reason)], endReasonChoices),
  lasted: amountField('time', ({ connection }) => connection.ended - connection.opened),
}

function stateWords({ state, paced }: Connection): string[] {
  return paced ? [state, 'paced'] : [state]
}
