import { isIP, isIPv4, isIPv6 } from 'node:net'
import { parseLimit } from '../../shared/limits.ts'
import { accessEvents } from '../../shared/protocol/vocabulary.ts'
import { type SettingName, type SettingShape, settings } from '../../shared/settings.ts'
import { isSpan, readSpan, spanText } from '../../shared/span.ts'
import { isLoopbackLiteral, isUnspecified, parseAddress } from '../net/address.ts'
import { parseNetwork } from '../net/network.ts'
import { protocolNames } from '../socks/conversation.ts'
import { Command } from '../socks/messages.ts'
import { readPlace } from '../store/postgres/place.ts'
import { parseForward } from './forwards.ts'
import { parseMetricsEndpoint } from './metrics-endpoints.ts'
import { parseTrusted } from './trusted-sources.ts'

/** The setting's words for what a client may ask for (RFC 1928, section 4). */
export const commands: Readonly<Record<string, Command>> = {
  connect: Command.connect,
  bind: Command.bind,
  'udp-associate': Command.udpAssociate,
}

/**
 * What keeps `value`, from a flag or a config file, from being this setting's: the end of a sentence that begins with
 * the setting's name. Undefined if nothing does.
 */
export function problemWith(name: SettingName, value: unknown): string | undefined {
  const shape: SettingShape = settings[name]
  return typeProblem[shape.type](shape, value) ?? meaningProblem[name]?.(value as readonly string[])
}

/**
 * What a text, of a flag or of a config file, means for this setting where that is a number: one, or a span of time. What is
 * neither stays a text, for `problemWith` to refuse.
 */
export function readNumber({ type, placeholder }: SettingShape, text: string): number | string {
  if (type !== 'integer') return text
  if (isSpan(placeholder)) return readSpan(text, placeholder) ?? text
  return /^\d+$/.test(text) ? Number(text) : text
}

const typeProblem: Record<SettingShape['type'], (shape: SettingShape, value: unknown) => string | undefined> = {
  text: (_, value) => {
    if (typeof value !== 'string' || value === '') return 'must be a text that is not empty'
    // Most of them name files.
    return value.includes('\0') ? 'must not contain NUL characters' : undefined
  },
  integer: ({ min = 0, max = Number.MAX_SAFE_INTEGER, placeholder }, value) => {
    if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return undefined
    if (!isSpan(placeholder)) return `must be a whole number from ${min} to ${max}`
    const range = `from ${spanText(min, placeholder)} to ${spanText(max, placeholder)}`
    const unit = placeholder === 'S' ? 'seconds' : 'milliseconds'
    return `must be a time ${range}, such as 90s or 1h30m, or a whole number of ${unit}`
  },
  choice: ({ choices = [] }, value) =>
    choices.some((choice) => choice === value) ? undefined : `must be one of ${choices.join(', ')}`,
  flag: (_, value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  list: ({ most = Number.POSITIVE_INFINITY }, value) => {
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) return 'must be a list of texts'
    return value.length > most ? `takes at most ${most} values, not ${value.length}` : undefined
  },
}

/** Of a node: a name of hosts fits. */
const nodeName = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/

const meaningProblem: { readonly [Name in SettingName]?: (value: readonly string[]) => string | undefined } = {
  store: (value) => {
    const place = readPlace(String(value))
    return typeof place === 'string' ? place : undefined
  },
  node: (value) =>
    nodeName.test(String(value))
      ? undefined
      : 'must be 1 to 63 letters, digits, dots, hyphens and underscores, a letter or digit first',
  'rate-up': rateProblem,
  'rate-down': rateProblem,
  'rate-up-source': rateProblem,
  'rate-down-source': rateProblem,
  'socks-addr': (addresses) => {
    if (addresses.length === 0) return 'needs at least one address'
    return addressProblem(addresses)
  },
  'control-addr': (addresses) => addressProblem(addresses) ?? remoteControlProblem(addresses),
  'control-tls-addr': addressProblem,
  'udp-advertise': (addresses) => addressProblem(addresses) ?? advertiseProblem(addresses),
  commands: (names) => wordProblem(Object.keys(commands), names),
  protocols: (names) => (names.length === 0 ? 'needs at least one protocol' : wordProblem(protocolNames, names)),
  'access-log-events': (names) => wordProblem(accessEvents, names),
  'access-log-size': (value) => {
    const text = String(value)
    if (text === '0' || (sizeOf(text) ?? 0) >= leastLogSize) return undefined
    return `must be bytes, such as 100MB, at least 64kB, or 0, and not ${JSON.stringify(text)}`
  },
  'ban-exempt': networkProblem,
  'proxy-protocol-from': networkProblem,
  'trusted-from': (texts) => {
    try {
      texts.forEach(parseTrusted)
      return undefined
    } catch (error) {
      return `takes NET or NET=USER: ${(error as Error).message}`
    }
  },
  forward: (texts) => {
    const bad = texts.find((text) => !parseForward(text))
    return bad === undefined ? undefined : `needs [ADDR:]PORT=HOST:PORT, which ${JSON.stringify(bad)} is not`
  },
  'metrics-addr': (texts) => {
    const bad = texts.find((text) => !parseMetricsEndpoint(text))
    if (bad === undefined) return undefined
    return `needs [ADDR:]PORT, with IPv6 in brackets, which ${JSON.stringify(bad)} is not`
  },
  dns: (servers) => {
    const bad = servers.find((server) => !isServer(server))
    if (bad === undefined) return undefined
    return `needs ADDR or ADDR:PORT, with IPv6 in brackets before a port, which ${JSON.stringify(bad)} is not`
  },
}

/** Below that a file would be moved aside at each write. */
const leastLogSize = 64_000

/** Bytes, of a text such as `100MB`; undefined for one that is none. */
export function sizeOf(text: string): number | undefined {
  try {
    return Number(parseLimit('quota', text))
  } catch {
    return undefined
  }
}

/** Bytes a second; undefined for 0, which is no limit. Throws a RangeError. */
export function rateOf(text: string): number | undefined {
  return text === '0' ? undefined : Number(parseLimit('rate-up', text))
}

function wordProblem(known: readonly string[], words: readonly string[]): string | undefined {
  const bad = words.find((word) => !known.includes(word))
  return bad === undefined ? undefined : `takes ${known.join(', ')}, and not ${JSON.stringify(bad)}`
}

function networkProblem(texts: readonly string[]): string | undefined {
  try {
    texts.forEach(parseNetwork)
    return undefined
  } catch (error) {
    return `takes addresses and networks: ${(error as Error).message}`
  }
}

function rateProblem(value: unknown): string | undefined {
  try {
    rateOf(String(value))
    return undefined
  } catch {
    return `must be bytes or bits a second, such as 10MB/s, 64kB/s or 80Mbit/s, or 0, and not ${JSON.stringify(value)}`
  }
}

/** An address literal, perhaps with a port. */
function isServer(text: string): boolean {
  if (isIP(text) !== 0) return true
  const [, ipv6 = '', ipv4 = '', port] = /^(?:\[(.*)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? []
  return (isIPv6(ipv6) || isIPv4(ipv4)) && Number(port) >= 1 && Number(port) <= 65_535
}

function addressProblem(addresses: readonly string[]): string | undefined {
  const bad = addresses.find((address) => isIP(address) === 0)
  if (bad === undefined) return zoneProblem(addresses)
  const [, bare] = /^\[(.*)\]$/.exec(bad) ?? []
  if (bare !== undefined && isIPv6(bare)) return `takes an IPv6 address without brackets: ${bare}`
  return `needs an IPv4 or IPv6 address, which ${JSON.stringify(bad)} is not`
}

/** Of any other address the kernel takes no notice of it. */
function zoneProblem(addresses: readonly string[]): string | undefined {
  const bad = addresses.find((address) => address.includes('%') && !/^fe[89ab]/i.test(address))
  if (bad === undefined) return undefined
  return `takes an interface with a link-local address (fe80::/10) only: write ${bad.slice(0, bad.indexOf('%'))} for ${JSON.stringify(bad)}`
}

/** A reply has no place for a zone. */
function canBeTold(literal: string): boolean {
  const address = parseAddress(literal)
  return address !== undefined && !literal.includes('%') && !isUnspecified(address.bytes)
}

function advertiseProblem(addresses: readonly string[]): string | undefined {
  const bad = addresses.find((address) => !canBeTold(address))
  if (bad !== undefined) return `needs an address that others can send to, which ${JSON.stringify(bad)} is not`
  const families = new Set(addresses.map(isIP))
  return families.size < addresses.length ? 'takes one address of each family' : undefined
}

function remoteControlProblem(addresses: readonly string[]): string | undefined {
  const remote = addresses.find((address) => !isLoopbackLiteral(address))
  if (remote === undefined) return undefined
  return `cannot be ${remote}: outside loopback, management needs TLS; give that address to control-tls-addr, or use 127.0.0.1 or ::1, through an SSH tunnel from afar`
}
