import { createHash, createHmac, pbkdf2, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding: each side is an exchange of strings that does no I/O.
 * Names and passwords are taken as they are; prepare them (RFC 4013) before, where that matters.
 */

/** What a daemon keeps in place of a password: enough to check a login, not to make one (RFC 5802, section 3). */
export interface ScramKeys {
  readonly salt: Buffer
  readonly iterations: number
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** A message that breaks RFC 5802, or a wrong proof. The text names no secret. */
export class ScramError extends Error {}

/** RFC 7677, section 4, asks for at least this many; a random secret of 32 bytes needs no more. */
export const minIterations = 4096
/**
 * For the passwords of people, and so for names that there are not: a guess at a stolen store costs some 50 ms of a core.
 * So does a login, on the client's side only.
 */
const passwordIterations = 200_000
/** A client refuses more, or a false daemon could keep it busy as long as it likes. */
const maxIterations = 1_000_000
const saltLength = 16
const hashLength = 32

/** RFC 5802, section 7; optional extensions are allowed where it has them, mandatory ones (`m=`) are not. */
const grammar = {
  clientFirst:
    /^(?<header>[ny],,)(?<bare>n=(?<user>(?:[^,=]|=2C|=3D)+),r=(?<nonce>[\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-ln-z]=.+)?)$/u,
  serverFirst: /^r=(?<nonce>[\x21-\x2b\x2d-\x7e]+),s=(?<salt>[A-Za-z0-9+/]+=*),i=(?<iterations>[1-9][0-9]*)(?:,.+)?$/u,
  clientFinal:
    /^(?<withoutProof>c=(?<binding>[A-Za-z0-9+/]+=*),r=(?<nonce>[\x21-\x2b\x2d-\x7e]+)(?:,.+)?),p=(?<proof>[A-Za-z0-9+/]+=*)$/u,
  serverFinal: /^v=(?<signature>[A-Za-z0-9+/]+=*)(?:,.+)?$/u,
}

/** What the daemon keeps of a password, derived while the caller waits: for a secret that needs few iterations. */
export function makeKeys(
  password: string,
  salt: Buffer = randomBytes(saltLength),
  iterations: number = passwordIterations,
): ScramKeys {
  return keysFrom(pbkdf2Sync(password, salt, iterations, hashLength, 'sha256'), salt, iterations)
}

/** What the daemon keeps of a password, derived on a thread of the pool. */
export async function deriveKeys(password: string): Promise<ScramKeys> {
  const salt = randomBytes(saltLength)
  const salted = await promisify(pbkdf2)(password, salt, passwordIterations, hashLength, 'sha256')
  return keysFrom(salted, salt, passwordIterations)
}

function keysFrom(salted: Buffer, salt: Buffer, iterations: number): ScramKeys {
  return { salt, iterations, storedKey: sha256(hmac(salted, 'Client Key')), serverKey: hmac(salted, 'Server Key') }
}

/** Where a daemon finds the keys of a login. */
export interface KeyRing {
  keysOf(user: string): ScramKeys | undefined
  /** At least 32 random bytes, kept as long as the keys: what unknown users' salts are made from. */
  readonly decoySecret: Buffer
}

export interface ServerExchange {
  readonly user: string
  /** The server-first message. */
  readonly message: string
  /** Judge the client-final message: gives the server-final one, or throws `ScramError` if the login fails. */
  finish(clientFinal: string): string
}

/** Begin a login on the daemon's side; an unknown user fails no earlier than a wrong password. Throws `ScramError`. */
export function beginServer(clientFirst: string, ring: KeyRing, nonce: string = makeNonce()): ServerExchange {
  const first = parse<'header' | 'bare' | 'user' | 'nonce'>(grammar.clientFirst, clientFirst)
  const user = unescapeName(first.user)
  const decoy = decoyKeys(user, ring.decoySecret)
  const keys = ring.keysOf(user) ?? decoy
  const bothNonces = first.nonce + nonce
  const message = `r=${bothNonces},s=${keys.salt.toString('base64')},i=${keys.iterations}`

  function finish(clientFinal: string): string {
    const final = parse<'withoutProof' | 'binding' | 'nonce' | 'proof'>(grammar.clientFinal, clientFinal)
    if (final.binding !== base64(first.header)) throw new ScramError('channel binding is not supported')
    if (final.nonce !== bothNonces) throw new ScramError('the nonce is not of this login')
    const authMessage = `${first.bare},${message},${final.withoutProof}`
    const clientKey = xor(Buffer.from(final.proof, 'base64'), hmac(keys.storedKey, authMessage))
    if (!timingSafeEqual(sha256(clientKey), keys.storedKey)) throw new ScramError('unknown user or wrong password')
    return `v=${hmac(keys.serverKey, authMessage).toString('base64')}`
  }

  return { user, message, finish }
}

export interface ClientExchange {
  /** The client-first message. */
  readonly message: string
  /** Answer the server-first message. Throws `ScramError`. */
  answer(serverFirst: string, password: string): ClientAnswer
}

export interface ClientAnswer {
  /** The client-final message. */
  readonly message: string
  /** Check the server-final message. Throws `ScramError` if the daemon does not know the password itself. */
  verify(serverFinal: string): void
}

/** Begin a login on the client's side. */
export function beginClient(user: string, nonce: string = makeNonce()): ClientExchange {
  const header = 'n,,'
  const bare = `n=${escapeName(user)},r=${nonce}`

  function answer(serverFirst: string, password: string): ClientAnswer {
    const first = parse<'nonce' | 'salt' | 'iterations'>(grammar.serverFirst, serverFirst)
    const iterations = Number(first.iterations)
    if (!first.nonce.startsWith(nonce) || first.nonce === nonce) throw new ScramError('the nonce is not of this login')
    if (iterations < minIterations || iterations > maxIterations) {
      throw new ScramError(`the iteration count is not between ${minIterations} and ${maxIterations}`)
    }
    const withoutProof = `c=${base64(header)},r=${first.nonce}`
    const authMessage = `${bare},${serverFirst},${withoutProof}`
    const salted = pbkdf2Sync(password, Buffer.from(first.salt, 'base64'), iterations, hashLength, 'sha256')
    const clientKey = hmac(salted, 'Client Key')
    const proof = xor(clientKey, hmac(sha256(clientKey), authMessage))
    const signature = hmac(hmac(salted, 'Server Key'), authMessage)
    return {
      message: `${withoutProof},p=${proof.toString('base64')}`,
      verify: (serverFinal) => verifySignature(serverFinal, signature),
    }
  }

  return { message: header + bare, answer }
}

function verifySignature(serverFinal: string, expected: Buffer): void {
  const given = Buffer.from(parse<'signature'>(grammar.serverFinal, serverFinal).signature, 'base64')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new ScramError('the daemon does not know the password itself')
  }
}

/** Keys for a name that nobody has, the same ones as long as the secret stays, so that a stranger cannot tell them from real ones. */
function decoyKeys(user: string, secret: Buffer): ScramKeys {
  return {
    salt: hmac(secret, `salt ${user}`).subarray(0, saltLength),
    iterations: passwordIterations,
    storedKey: hmac(secret, `stored key ${user}`),
    serverKey: hmac(secret, `server key ${user}`),
  }
}

function parse<Field extends string>(pattern: RegExp, message: string): Record<Field, string> {
  const groups = pattern.exec(message)?.groups
  if (groups === undefined) throw new ScramError('not a message of RFC 5802 that is supported')
  return groups as Record<Field, string>
}

/** RFC 5802, section 5.1: a name has `,` and `=` written as =2C and =3D. */
function escapeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C')
}

function unescapeName(name: string): string {
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=')
}

function makeNonce(): string {
  return randomBytes(24).toString('base64')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(data: Buffer): Buffer {
  return createHash('sha256').update(data).digest()
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function xor(a: Buffer, b: Buffer): Buffer {
  if (a.length !== b.length) throw new ScramError('a proof has 32 bytes')
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] as number)))
}
