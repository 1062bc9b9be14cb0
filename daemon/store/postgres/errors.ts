import { Refusal } from '../../refusal.ts'
import { StoreError } from '../store.ts'
import type { Place } from './place.ts'

/** What Node says of certificates that are not of an authority that it trusts. */
const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
])

/** What it says of those that are not valid at this moment, or whose authority's is not. */
const outOfDate = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])

/** What the system says of servers that cannot be reached, in words. */
const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  ENOENT: 'there is no such socket',
  EACCES: 'permission denied',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'no answer',
  ENOTFOUND: 'there is no such name',
  EAI_AGAIN: 'the name is not resolved now',
}

/** What the package says where nothing has come in time. */
const unanswered = /^(Query read timeout|timeout e\w+|Connection terminated due to connection timeout)/

/** The code that pgbouncer has for all that it says itself, and for what it passes on of a server that lets it not in. */
const saidByPooler = '08P01'

/** Those of PostgreSQL that mean what it says. */
const codesOfPooler: readonly (readonly [RegExp, string])[] = [
  [/authentication failed|auth failed|no such user/i, '28P01'],
  [/no such database|database .* does not exist/, '3D000'],
  [/no more connections allowed/, '53300'],
  [/cannot connect to server|server login has been failing|query_wait_timeout/, '57P03'],
]

/** What a server says that takes no changes. */
export const readOnly = '25006'

/** Of a transaction whose end the server has not told: it is made or not. */
export class Uncertain extends Error {}

/** What the server says is nothing that a PostgreSQL says to us. */
export class Unintelligible extends Error {}

/** Characters of what a server says that are told: it may be as long as a statement. */
const longestSaid = 300

/** Says for people what went wrong with the store in `place`, with the mend; never with a password. What is refused stays that. */
export function explain({ called, user, database }: Place, error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const said = saidBy(error)
  const code = meaningOf(codeOf(error), said)
  if (error instanceof Unintelligible) {
    return new StoreError(
      'failed',
      `${called} says what proxyd does not understand (${said}): see that it is a PostgreSQL, and that pg_hba.conf there says scram-sha-256`,
    )
  }
  if (error instanceof Uncertain) {
    return new StoreError(
      'away',
      `${called} has not told whether a change was made (${said}): look, and try again if not`,
    )
  }
  if (untrusted.has(code)) {
    const mend = 'name the certificate of its authority with sslrootcert=FILE in --store'
    // What Node has to say of itself behind it is no help here.
    const why = said.replace(/; if the root CA .*/, '')
    return new StoreError('failed', `the certificate of ${called} is not trusted (${why}): ${mend}`)
  }
  if (outOfDate.has(code)) {
    const mend = 'renew it there, and see to the clock here'
    return new StoreError('failed', `the certificate of ${called} is not valid now (${said}): ${mend}`)
  }
  if (/server does not support SSL/.test(said)) {
    const mend = 'have the server do so (ssl = on), or say sslmode=disable in --store where nobody can listen'
    return new StoreError('failed', `${called} does not speak TLS: ${mend}`)
  }
  if (code === saidByPooler && said === 'SSL required') {
    const mend = 'say sslmode=verify-full in --store, or sslrootcert=FILE'
    return new StoreError('failed', `${called} takes nobody without TLS (${said}): ${mend}`)
  }
  if (/statement pooling mode/.test(said)) {
    const mend = 'have that say pool_mode = transaction'
    return new StoreError('failed', `${called} is behind a pooler that takes no transactions (${said}): ${mend}`)
  }
  if (/password must be a .*string|no password/i.test(said)) {
    return new StoreError(
      'failed',
      `${called} wants a password: put it into a file, and name that with --store-password-file`,
    )
  }
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return new StoreError(
        'failed',
        `the certificate of ${called} is for another name (${said}): have --store name the host by one that it has, or get it one with that name`,
      )
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
      return new StoreError(
        'failed',
        `${called} wants a certificate of its clients, and proxyd has none: have it ask for passwords alone`,
      )
    case '28P01':
    case '28000':
      return new StoreError(
        'failed',
        `${called} does not let ${user} in (${said}): see to --store-password-file, and to pg_hba.conf there or a pooler's auth_file`,
      )
    case '3D000':
      return new StoreError(
        'failed',
        `${called} has no database ${database}: create it, or name another one with --store`,
      )
    case '3F000':
    case '42P01':
    case '42703':
      return new StoreError('corrupt', `${called} lacks part of what proxyd keeps there (${said}): restore a backup`)
    case '42501':
      return new StoreError(
        'failed',
        `${called} lets ${user} not do that (${said}): have ${user} own the schema proxyd`,
      )
    case readOnly:
      return standby(called)
    case '53100':
      return new StoreError('failed', `${called} has no room on its disk (${said}): make some there`)
    case '53300':
      return new StoreError(
        'away',
        `${called} takes no more connections (${said}): raise max_connections there, put a pooler before it, or raise the pooler's max_client_conn`,
      )
    case '57P01':
    case '57P02':
    case '57P03':
      return new StoreError('away', `${called} does not serve now (${said}): see to the server`)
    case '55P03':
      return new StoreError('away', `${called} is too slow (${said}): see to who keeps its tables locked`)
    case '57014':
      return tooSlow(called, said)
  }
  if (isLost(error)) {
    return new StoreError(
      'away',
      `cannot reach ${called} (${unreachable[code] ?? (unanswered.test(said) ? 'no answer' : said)}): see to the server, and the way to it`,
    )
  }
  return new StoreError('failed', `cannot use ${called} (${said}): see to its log`)
}

/** Whether it is the server's certificate that is in the way. */
export function isDistrusted(error: unknown): boolean {
  return untrusted.has(codeOf(error)) || outOfDate.has(codeOf(error))
}

/** Of what a pooler says, the code that PostgreSQL has for it. */
function meaningOf(code: string, said: string): string {
  return (code === saidByPooler && codesOfPooler.find(([words]) => words.test(said))?.[1]) || code
}

/** In one line, without what moves a terminal's cursor. */
function saidBy(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  const line = text.slice(0, 2 * longestSaid).replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
  return line.length > longestSaid ? `${line.slice(0, longestSaid)}…` : line
}

/** Of JSON that is none, or of another shape, and of what is gone. */
export function damaged(called: string, what: string, error: SyntaxError): StoreError {
  return new StoreError('corrupt', `${called} has ${what} in it that are damaged (${error.message}): restore a backup`)
}

export function unmade(called: string): StoreError {
  return new StoreError(
    'older',
    `${called} holds nothing of proxyd yet: run proxyd --migrate with the same --store once`,
  )
}

export function tooSlow(called: string, said: string): StoreError {
  return new StoreError('away', `${called} is too slow (${said}): see to what keeps the server busy`)
}

/** Of one that has taken a connection, and answers nothing that is asked over it; `connections`: of each node. */
export function mute(called: string, connections: number): StoreError {
  const mend = `see to the server; a pooler before it needs pool_mode = transaction, or ${connections} connections for each node`
  return new StoreError('away', `${called} lets proxyd in, and does not answer: ${mend}`)
}

export function standby(called: string): StoreError {
  return new StoreError(
    'away',
    `${called} takes no changes (it is a standby, or read-only): have --store name the primary server`,
  )
}

export function anotherStore(called: string): StoreError {
  const mend = 'have --store lead to the one of before, or start this node anew to go by what is there'
  return new StoreError('failed', `${called} is another one than it was when this node was started: ${mend}`)
}

export function onlyToLookAt({ called, user }: Place): StoreError {
  const mend = `have ${user} own the schema proxyd, or may INSERT, UPDATE and DELETE in all of its tables`
  return new StoreError('failed', `${called} lets ${user} only look: ${mend}`)
}

/** Whether it was the connection that failed, and not what was asked over it. */
export function isLost(error: unknown): boolean {
  if (error instanceof Refusal) return false
  const code = codeOf(error)
  if (/^[0-9A-Z]{5}$/.test(code) && !(code in unreachable)) return code.startsWith('08') || code.startsWith('57P')
  return true
}

/** Of the system, of TLS, or an SQLSTATE (PostgreSQL, appendix A). */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
