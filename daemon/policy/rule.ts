import { domainToASCII } from 'node:url'
import { type Destination, namedDestination } from '../net/destination.ts'
import { isEgress } from '../net/egress.ts'
import { formatNetwork, type Network, parseNetwork } from '../net/network.ts'
import { actionMeant, clauseMeant, Words } from './rule-words.ts'

/** What a client asks for, in the words of the management protocol. */
export const ruleCommands = ['connect', 'bind', 'udp-associate'] as const
export type RuleCommand = (typeof ruleCommands)[number]

/** Where a rule leads, or keeps from. */
export type RuleDestination =
  | { readonly kind: 'any' }
  /** Every address that is not a public one's: see `isSpecial`. */
  | { readonly kind: 'special' }
  | { readonly kind: 'network'; readonly network: Network }
  /** One name, without the root's dot, in lower case and ASCII (RFC 5890); `below`: every name under it; `both`: it, too. */
  | { readonly kind: 'name'; readonly name: string; readonly match: 'exact' | 'below' | 'both' }
  /** One of the above a line. */
  | { readonly kind: 'file'; readonly path: string }

export interface RuleSubject {
  readonly kind: 'any' | 'user' | 'group'
  /** '' for any. */
  readonly name: string
}

export interface PortRange {
  readonly first: number
  /** Included. */
  readonly last: number
}

/** One line of the rules. An empty list stands for anything. */
export interface Rule {
  /** Where it stands in the text, from 1. */
  readonly line: number
  readonly allow: boolean
  readonly who: RuleSubject
  readonly from: readonly Network[]
  readonly to: readonly RuleDestination[]
  readonly ports: readonly PortRange[]
  readonly commands: readonly RuleCommand[]
  /** What the name must resolve to. */
  readonly resolving: readonly Network[]
  /** Milliseconds since 1970, from when on the rule is as if it were not there. */
  readonly until: number | undefined
  /** Of a rule that allows: where connections leave from, addresses of this machine or interfaces (`isEgress`). */
  readonly via: readonly string[]
  readonly note: string
}

/** What the rules' author expects of them: `test user:bob from 192.0.2.1 example.com:80 = deny`. */
export interface RuleTest {
  readonly line: number
  readonly who: RuleSubject
  readonly from: string
  readonly command: RuleCommand
  readonly host: string
  readonly port: number
  /** What the name is taken to resolve to. */
  readonly resolve: readonly string[]
  readonly allow: boolean
}

export interface RuleText {
  readonly rules: readonly Rule[]
  readonly tests: readonly RuleTest[]
}

/** Reads a whole text: a rule or a test a line, empty lines and lines of `#` apart. Throws a `RuleSyntaxError`. */
export function parseRules(text: string): RuleText {
  return ofLines(text.split('\n').map((content, i) => parseRuleLine(content, i + 1)))
}

/** What `parseRuleLine` has made of all lines of a text. */
export function ofLines(lines: readonly RuleLine[]): RuleText {
  return {
    rules: lines.flatMap((line) => line?.rule ?? []),
    tests: lines.flatMap((line) => line?.tests ?? []),
  }
}

/** What a line of the rules is; undefined: nothing but space and a comment. */
export type RuleLine = { readonly rule?: Rule; readonly tests?: readonly RuleTest[] } | undefined

/**
 * Reads one line, the number of which is `line`, from 1. Throws a `RuleSyntaxError`. One that `isNew` must not have a time
 * of no day, such as the 30th of February: in what was stored before it is the later day as which it has been read.
 */
export function parseRuleLine(content: string, line: number, isNew = false): RuleLine {
  const words = new Words(content, line)
  if (words.atEnd) return undefined
  return words.peek() === 'test' ? { tests: parseTest(words) } : { rule: parseRule(words, isNew) }
}

/** The rule as `parseRules` reads it, its clauses in the order of the grammar. */
export function formatRule(rule: Rule): string {
  const list = (word: string, items: readonly string[]) => (items.length > 0 ? [word, items.join(',')] : [])
  const head = [rule.allow ? 'allow' : 'deny', ...(rule.who.kind === 'any' ? [] : [subjectText(rule.who)])]
  const clauses = [
    ...list('from', rule.from.map(formatNetwork)),
    ...list('to', rule.to.map(destinationText)),
    ...list('port', rule.ports.map(portText)),
    ...list('cmd', rule.commands),
    ...list('resolving', rule.resolving.map(formatNetwork)),
    ...(rule.until === undefined ? [] : ['until', timeText(rule.until)]),
    ...list('via', rule.via),
    ...(rule.note === '' ? [] : ['#', rule.note]),
  ]
  return [...head, ...clauses].join(' ')
}

/** A name as rules compare it: in lower case, without the root's dot, an international one in ASCII; '' if it is none. */
function comparableName(name: string): string {
  return inAscii(name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase()
}

/** As clients write it (RFC 5890); '' for what is no name. */
function inAscii(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what needs no translation
  return /^[\x00-\x7f]*$/.test(name) ? name : domainToASCII(name)
}

/** What a client asks for that is to go to this host, as people write it; undefined if nobody can ask for that. */
export function requested(host: string, port: number): Destination | undefined {
  return namedDestination(inAscii(host), port)
}

/** Reads a destination of a list: `name`, `*.name`, `.name`, a network, `special` or `any`. Throws a RangeError. */
export function parseDestination(text: string): RuleDestination {
  if (text === 'any') return { kind: 'any' }
  if (text === 'special') return { kind: 'special' }
  if (text.startsWith('@') && text.length > 1) return { kind: 'file', path: text.slice(1) }
  if (text.includes('://') || /^[^:[\]]+:\d*$/.test(text))
    throw new RangeError(
      `${JSON.stringify(text)} is more than a name: write only that, and ports as: to example.com port 443`,
    )
  if (text.includes(':') || /^[\d./]+$/.test(text)) return { kind: 'network', network: parseNetwork(text) }
  const match = text.startsWith('*.') ? 'below' : text.startsWith('.') ? 'both' : 'exact'
  const name = comparableName(text.slice({ below: 2, both: 1, exact: 0 }[match]))
  if (!/^[a-z\d_-]+(?:\.[a-z\d_-]+)*$/.test(name) || name.length > 253)
    throw new RangeError(
      `${JSON.stringify(text)} is no name, address or network: write example.com, *.example.com, 10.0.0.0/8 or any`,
    )
  return { kind: 'name', name, match }
}

function parseRule(words: Words, isNew: boolean): Rule {
  const action = words.take('allow or deny')
  if (action !== 'allow' && action !== 'deny') {
    const meant = actionMeant(action)
    throw words.error(`a rule begins with allow or deny${meant ? `: write ${meant} for ${action}` : ''}`, 1)
  }
  const who = takeSubject(words)
  const clauses: { -readonly [Key in keyof Rule]?: Rule[Key] } = {}
  const once = <Key extends keyof Rule>(key: Key, read: () => Rule[Key]) => {
    if (clauses[key] !== undefined) throw words.error('this was said already', 1)
    clauses[key] = read()
  }
  while (!words.atEnd) {
    const clause = words.take('a clause')
    if (clause === 'from') once('from', () => words.list('a network', parseNetwork))
    else if (clause === 'to') once('to', () => words.list('a destination', parseDestination))
    else if (clause === 'port') once('ports', () => words.list('a port', parsePorts))
    else if (clause === 'cmd') once('commands', () => words.list('a command', parseCommand))
    else if (clause === 'resolving') once('resolving', () => words.list('a network', parseNetwork))
    else if (clause === 'until') once('until', () => takeTime(words, isNew))
    else if (clause === 'via' && action === 'deny') throw words.error('only what is allowed goes via an address', 1)
    else if (clause === 'via') once('via', () => words.list('an address', parseVia))
    else
      throw words.error(`${JSON.stringify(clause)} is no clause: ${clauseMeant(clause, clauses.to !== undefined)}`, 1)
  }
  const { from = [], to = [], ports = [], commands = [], resolving = [], until, via = [] } = clauses
  return {
    line: words.line,
    allow: action === 'allow',
    who,
    from,
    to,
    ports,
    commands,
    resolving,
    until,
    via,
    note: words.note,
  }
}

/** A test of each of the addresses and commands that a line names. */
function parseTest(words: Words): RuleTest[] {
  words.take('test')
  const who = takeSubject(words)
  let sources: readonly string[] = ['127.0.0.1']
  let commands: ReadonlySet<RuleCommand> = new Set(['connect'])
  let resolve: readonly string[] = []
  for (;;) {
    const word = words.take('HOST:PORT')
    if (word === 'from') sources = words.list('an address', parseSingle)
    else if (word === 'cmd') commands = new Set(words.list('a command', parseCommand))
    else if (word === 'resolving') resolve = words.list('an address', parseSingle)
    else {
      const { host, port } = words.read(() => parseHostPort(word))
      if (words.take('= allow or = deny') !== '=') throw words.error('a test ends with = allow or = deny', 1)
      const expected = words.take('allow or deny')
      if (expected !== 'allow' && expected !== 'deny') throw words.error('a test expects allow or deny', 1)
      if (!words.atEnd) throw words.error('a test ends here')
      const shared = { line: words.line, who, host, port, resolve, allow: expected === 'allow' }
      return sources.flatMap((from) => Array.from(commands, (command) => ({ ...shared, from, command })))
    }
  }
}

/** `host:port`, IPv6 in brackets. Throws a RangeError. */
function parseHostPort(text: string): { host: string; port: number } {
  const [, bracketed, bare, digits = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? bare
  const port = Number(digits)
  if (host === undefined || port < 1 || port > 65_535) throw new RangeError(`${JSON.stringify(text)} is not HOST:PORT`)
  return { host, port }
}

function takeSubject(words: Words): RuleSubject {
  const word = words.peek() ?? ''
  if (word === 'any') {
    words.take('any')
    return { kind: 'any', name: '' }
  }
  const [, kind, name = ''] = /^(user|group):(.*)$/s.exec(word) ?? []
  if (kind !== 'user' && kind !== 'group') return { kind: 'any', name: '' }
  words.take(kind)
  const read = name.startsWith('"') ? words.read(() => unquoted(name)) : name
  if (read === '') throw words.error(`${kind}: wants a name behind the colon`, 1)
  return { kind, name: read }
}

function takeTime(words: Words, isNew: boolean): number {
  const text = words.take('a time')
  // In UTC, where no zone is named; a day alone is where it begins.
  const time = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?$/.test(text)
    ? Date.parse(/T[^Z+-]*$/.test(text) ? `${text}Z` : text)
    : Number.NaN
  if (Number.isNaN(time) || (isNew && !isDay(text.slice(0, 10))))
    throw words.error(`${JSON.stringify(text)} is no time: write 2027-01-01 or 2027-01-01T12:00Z`, 1)
  return time
}

/** Whether there is such a day: Date reads the 30th of February as one of March. */
function isDay(text: string): boolean {
  return new Date(Date.parse(text)).toISOString().startsWith(text)
}

function parseSingle(text: string): string {
  const network = parseNetwork(text)
  if (network.prefix !== network.bytes.length * 8) throw new RangeError(`${JSON.stringify(text)} is not one address`)
  return formatNetwork(network)
}

function parsePorts(text: string): PortRange {
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const range = { first: Number(first), last: Number(last) }
  if (first === '' || range.first < 1 || range.last > 65_535 || range.first > range.last)
    throw new RangeError(`${JSON.stringify(text)} is no port or range of ports from 1 to 65535`)
  return range
}

function parseCommand(text: string): RuleCommand {
  const command = ruleCommands.find((known) => known === text)
  if (!command) throw new RangeError(`${JSON.stringify(text)} is no command: there are ${ruleCommands.join(', ')}`)
  return command
}

function parseVia(text: string): string {
  if (!isEgress(text)) throw new RangeError(`${JSON.stringify(text)} is no address of this machine or interface`)
  return text
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    throw new RangeError(`${text} is not quoted as JSON has it`)
  }
}

function subjectText({ kind, name }: RuleSubject): string {
  return `${kind}:${/^[^\s"#]+$/.test(name) ? name : JSON.stringify(name)}`
}

function destinationText(destination: RuleDestination): string {
  switch (destination.kind) {
    case 'network':
      return formatNetwork(destination.network)
    case 'name':
      return `${{ exact: '', below: '*.', both: '.' }[destination.match]}${destination.name}`
    case 'file':
      return `@${destination.path}`
    default:
      return destination.kind
  }
}

function portText({ first, last }: PortRange): string {
  return first === last ? String(first) : `${first}-${last}`
}

function timeText(time: number): string {
  const text = new Date(time).toISOString()
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : `${text.slice(0, -5)}Z`
}
