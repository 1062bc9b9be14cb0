import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'

/** A certificate and its key, both PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

export interface CertificateOptions {
  /** Who signs it; itself, without one. */
  readonly issuer?: Identity & { readonly name: string }
  /** Whether it may sign others. */
  readonly isAuthority?: boolean
  /** Has a key of RSA with so many bits instead; then it needs an issuer. */
  readonly rsaBits?: number
  /** Milliseconds since 1970. */
  readonly from?: number
  readonly until?: number
}

const day = 86_400_000

/**
 * A certificate for `name`, an IP address or a host's name, and a new key of P-256: X.509 version 3 (RFC 5280) written
 * out by hand, so that tests need no other program.
 */
export function makeCertificate(name: string, options: CertificateOptions = {}): Identity {
  const { issuer, isAuthority = false, rsaBits, from = Date.now() - day, until = Date.now() + day } = options
  const { publicKey, privateKey } =
    rsaBits === undefined
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: rsaBits })
  const toSign = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    distinguishedName(issuer?.name ?? name),
    sequence(time(from), time(until)),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(basicConstraints(isAuthority), alternativeName(name))),
  )
  const signature = sign('sha256', toSign, issuer?.key ?? privateKey)
  const der = sequence(toSign, ecdsaWithSha256, tagged(0x03, Buffer.from([0]), signature))
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { cert: pem('CERTIFICATE', der), key }
}

/** One element of DER (ITU-T X.690): tag, length, contents. */
function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function sequence(...elements: readonly Buffer[]): Buffer {
  return tagged(0x30, ...elements)
}

function integer(bigEndian: Buffer): Buffer {
  return tagged(0x02, bigEndian)
}

/** The bytes of an object identifier, as looked up. */
function identifier(...bytes: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(bytes))
}

/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = sequence(identifier(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))

function distinguishedName(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(identifier(0x55, 0x04, 0x03), tagged(0x0c, Buffer.from(commonName)))))
}

/** UTCTime, for years before 2050. */
function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/\.\d+|[-:T]/g, '')
  return tagged(0x17, Buffer.from(digits.slice(2)))
}

function basicConstraints(isAuthority: boolean): Buffer {
  const value = isAuthority ? sequence(tagged(0x01, Buffer.from([0xff]))) : sequence()
  return sequence(identifier(0x55, 0x1d, 0x13), tagged(0x04, value))
}

function alternativeName(name: string): Buffer {
  const address = isIP(name) === 4 ? Buffer.from(name.split('.').map(Number)) : undefined
  const entry = address ? tagged(0x87, address) : tagged(0x82, Buffer.from(name))
  return sequence(identifier(0x55, 0x1d, 0x11), tagged(0x04, sequence(entry)))
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
