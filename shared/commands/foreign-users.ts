import type { Kept } from './export-file.ts'

/** Users as other programs have them, and what of it cannot be read, for people. */
export interface ForeignUsers {
  readonly users: NonNullable<Kept['users']>
  readonly unreadable: readonly string[]
}

type User = ForeignUsers['users'][number]
/** Or why there is none. */
type Read = User | string

/** Of crypt(5): SHA-256, SHA-512, bcrypt; and our own. */
const knownHash = /^\$(?:[56]|2[aby]|scrypt-sha256)\$/
/** Of crypt(5), htpasswd or LDAP: what begins so is no password. */
const anyHash = /^(?:\$\w[\w-]*\$|\{\w+\})/
/** How 3proxy says what a secret is. */
const kinds3proxy = /^[^:]+:(?:CL|CR|NT):/

/**
 * Reads a configuration of 3proxy, of which its `users` count, a list of users as it includes them, or a list with a line
 * `NAME:PASSWORD` or `NAME:HASH` for each. Empty lines and those that begin with `#` count for nothing.
 */
export function readForeignUsers(text: string): ForeignUsers {
  const lines = text
    .split(/\r?\n/)
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
  const read = readerOf(lines.map(({ line }) => line))
  const found = lines.flatMap(({ line, number }) => read(line).map((user) => ({ user, number })))
  return {
    users: found.flatMap(({ user }) => (typeof user === 'string' ? [] : user)),
    unreadable: found.flatMap(({ user, number }) => (typeof user === 'string' ? `line ${number}: ${user}` : [])),
  }
}

function readerOf(lines: readonly string[]): (line: string) => Read[] {
  if (lines.some((line) => /^users\s/.test(line))) return readUsersCommand
  if (lines.length > 0 && lines.every((line) => kinds3proxy.test(line))) return (line) => [read3proxy(line)]
  return (line) => [readPair(line)]
}

/** `users a:CL:b "c:CL:with spaces" $FILE`; other commands of a configuration say nothing of users. */
function readUsersCommand(line: string): Read[] {
  if (!/^users\s/.test(line)) return []
  const words = line.slice('users'.length).match(/"(?:[^"]|"")*"|\S+/g) ?? []
  return words.map((word) => read3proxy(word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word))
}

function read3proxy(text: string): Read {
  if (text.startsWith('$')) return `it includes ${text.slice(1)}: import that file, too`
  const [, name = text, kind, secret = ''] = /^([^:]*):([^:]*):(.*)$/s.exec(text) ?? []
  if (kind === undefined || secret === '') return `${name} has no password there: give one with 'adduser'`
  if (kind === 'CL') return { name, password: secret }
  if (kind === 'CR' && knownHash.test(secret)) return { name, hash: secret }
  return `of ${name} there is only a hash of the form ${kind}, which cannot be checked: give a password with 'adduser'`
}

/** A password may have colons, a hash has none. What is no pair may be a password, so it is not repeated. */
function readPair(line: string): Read {
  const [, name = '', secret = ''] = /^([^:]+):(.+)$/s.exec(line) ?? []
  if (secret === '') return 'it is not NAME:PASSWORD or NAME:HASH'
  if (knownHash.test(secret)) return { name, hash: secret }
  if (!anyHash.test(secret)) return { name, password: secret }
  return `the hash of ${name} is of a form that cannot be checked: give a password with 'adduser'`
}
