import { parseLiteral, unmapped } from '../net/address.ts'
import { joined, nothing } from './conversation.ts'

/**
 * What a load balancer says of a connection ahead of all else on it: whose it is (the PROXY protocol, versions 1 and 2).
 * https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt
 */
export type Introduction =
  /** Wait for more bytes. */
  | { readonly kind: 'more' }
  /** A client's. The address is 4 or 16 bytes, not IPv4-mapped. */
  | { readonly kind: 'client'; readonly address: Uint8Array; readonly port: number; readonly rest: Uint8Array }
  /** The balancer's own, such as a check of whether we live, or that of somebody whom it does not know: LOCAL, UNKNOWN, UNSPEC. */
  | { readonly kind: 'own'; readonly rest: Uint8Array }
  /** No such header, or one of a client that does not come over TCP and IP. */
  | { readonly kind: 'malformed' }

/** Whose a connection is, and what came behind that. */
export type Introduced = Exclude<Introduction, { readonly kind: 'more' | 'malformed' }>

const more: Introduction = { kind: 'more' }
const malformed: Introduction = { kind: 'malformed' }

/** The longest line of version 1, with its CR and LF. */
const longestLine = 107
const lineBegin = new TextEncoder().encode('PROXY ')
const [carriageReturn, lineFeed] = [13, 10]

const signature = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
/** The signature, version and command, family and protocol, length. */
const fixedLength = 16
/** What may follow the addresses (TLVs), in bytes; nothing of it is looked at, a checksum neither. */
const mostBehind = 4096
/** Version 2 and a command: what is on behalf of somebody, and what is the balancer's own. */
const [local, proxy] = [0x20, 0x21]
/** By family and protocol: bytes of an address. */
const unspecified = 0x00
const addressLengths: ReadonlyMap<number, number> = new Map([
  [unspecified, 0],
  [0x11, 4],
  [0x21, 16],
])

/**
 * Hears a balancer out, without I/O. However its bytes are split, or run together with what follows, the outcome is the
 * same, and nothing is waited for once it is clear that it is no header.
 */
export class ProxyHeader {
  #input: Uint8Array = nothing

  /** Takes the next bytes, until it is clear whose the connection is. `rest`, what follows the header, may be a view of `chunk`. */
  receive(chunk: Uint8Array): Introduction {
    const input = this.#input.length === 0 ? chunk : joined(this.#input, chunk)
    const outcome = introductionIn(input)
    // Not slice(): a Buffer's does not copy.
    this.#input = outcome === more ? new Uint8Array(input) : nothing
    return outcome
  }
}

function introductionIn(input: Uint8Array): Introduction {
  if (beginsWith(input, lineBegin)) return line(input)
  return beginsWith(input, signature) ? binary(input) : malformed
}

/** As far as it has come. */
function beginsWith(input: Uint8Array, expected: Uint8Array): boolean {
  return expected.every((octet, i) => i >= input.length || input[i] === octet)
}

/** Version 1: `PROXY TCP4 192.0.2.7 198.51.100.1 50000 1080`, CR, LF. */
function line(input: Uint8Array): Introduction {
  const seen = input.subarray(0, longestLine)
  const [end, feed] = [seen.indexOf(carriageReturn), seen.indexOf(lineFeed)]
  const mayGoOn = seen.length < longestLine && (end < 0 || end === seen.length - 1)
  if (feed < 0) return mayGoOn ? more : malformed
  if (feed !== end + 1) return malformed
  const rest = input.subarray(feed + 1)
  const text = String.fromCharCode(...seen.subarray(0, end))
  if (/^PROXY UNKNOWN(?: |$)/.test(text)) return { kind: 'own', rest }
  const [, version, source = '', destination = '', port, ownPort] =
    /^PROXY TCP([46]) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/.exec(text) ?? []
  const addresses = [source, destination].map((literal) => parseLiteral(literal))
  const [address] = addresses
  const isOfFamily = addresses.every((bytes) => bytes?.length === (version === '4' ? 4 : 16))
  if (!address || !isOfFamily || Number(port) > 65_535 || Number(ownPort) > 65_535) return malformed
  return { kind: 'client', address: unmapped(address), port: Number(port), rest }
}

/** Version 2: source address, destination address, source port, destination port, and what else it has to say. */
function binary(input: Uint8Array): Introduction {
  const [command = local, family = unspecified] = input.subarray(signature.length)
  if (command !== local && command !== proxy) return malformed
  const addressLength = command === local ? 0 : addressLengths.get(family)
  if (addressLength === undefined) return malformed
  if (input.length < fixedLength) return more
  const length = (input[fixedLength - 2] << 8) | input[fixedLength - 1]
  const least = addressLength === 0 ? 0 : 2 * (addressLength + 2)
  if (length < least || length > least + mostBehind) return malformed
  if (input.length < fixedLength + length) return more
  const rest = input.subarray(fixedLength + length)
  if (addressLength === 0) return { kind: 'own', rest }
  const address = unmapped(new Uint8Array(input.subarray(fixedLength, fixedLength + addressLength)))
  const portAt = fixedLength + 2 * addressLength
  return { kind: 'client', address, port: (input[portAt] << 8) | input[portAt + 1], rest }
}
