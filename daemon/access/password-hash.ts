import { hash as digest, scrypt } from 'node:crypto'
import { type ForeignHash, parseForeignHash } from './foreign-hash.ts'

/** What is kept of a password. */
export type PasswordHash = ScryptHash | ForeignHash

/** scrypt (RFC 7914) of its SHA-256 digest, with the parameters. */
export interface ScryptHash {
  /** log2 of scrypt's N. */
  readonly cost: number
  readonly blockSize: number
  readonly parallelism: number
  readonly salt: Uint8Array
  readonly key: Uint8Array
}

/** 16 MiB and about 40 ms a guess on one core: slow to guess, and still quick enough to log in with. */
export const scryptParameters = { cost: 14, blockSize: 8, parallelism: 1 } as const
export const saltBytes = 16
export const keyBytes = 32
/**
 * Stands for one that the store has damaged, and stored, or taken elsewhere, it means the same: nobody knows a password of this key,
 * and to guess at it costs what it costs of others.
 */
export const lostPassword: PasswordHash = {
  ...scryptParameters,
  salt: new Uint8Array(saltBytes),
  key: new Uint8Array(keyBytes).fill(0xff),
}
const lostText = formatPasswordHash(lostPassword)
/** Of N, r and p together, what a guess at somebody's password must not cost more than: 128 MiB, and eight times ours. */
const mostWork = 2 ** 20

/**
 * scrypt as `hash` says, on a thread of the pool. Of the digest, since scrypt takes the password as a key of HMAC, which
 * cannot tell `secret` from `secret` and a NUL (RFC 2104, section 2).
 */
export function deriveKey(password: Uint8Array, hash: Omit<ScryptHash, 'key'>, length: number): Promise<Buffer> {
  const N = 2 ** hash.cost
  const { blockSize: r, parallelism: p } = hash
  // What scrypt needs (RFC 7914, section 2) and a little more, since Node refuses at its default of 32 MiB.
  const maxmem = 128 * r * (N + p) + 1024 * 1024
  const secret = digest('sha256', password, 'buffer')
  return new Promise((resolve, reject) => {
    scrypt(secret, hash.salt, length, { N, r, p, maxmem }, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

/** Ours as `$scrypt-sha256$ln=14,r=8,p=1$salt$key` in the PHC string format: base64 without padding. */
export function formatPasswordHash(hash: PasswordHash): string {
  if ('foreign' in hash) return hash.foreign
  const { cost, blockSize, parallelism, salt, key } = hash
  return `$scrypt-sha256$ln=${cost},r=${blockSize},p=${parallelism}$${base64(salt)}$${base64(key)}`
}

/** The hash in a text of `formatPasswordHash`, or undefined if it is none. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  if (text === lostText) return lostPassword
  const fields = /^\$scrypt-sha256\$ln=(\d+),r=(\d+),p=(\d+)\$([A-Za-z\d+/]+)\$([A-Za-z\d+/]+)$/.exec(text)
  if (!fields) return parseForeignHash(text)
  const [, cost, blockSize, parallelism, salt, key] = fields
  const hash = {
    cost: Number(cost),
    blockSize: Number(blockSize),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    key: Buffer.from(key, 'base64'),
  }
  return isReasonable(hash) ? hash : undefined
}

/** As it is kept: `lostPassword` for what is none. */
export function storedPassword(text: string): PasswordHash {
  return parsePasswordHash(text) ?? lostPassword
}

/** Whoever guesses at a password must not cost gigabytes or minutes, whatever text was imported, and it must not be easy to match. */
function isReasonable({ cost, blockSize, parallelism, key }: ScryptHash): boolean {
  const isCheap = 2 ** cost * blockSize * parallelism <= mostWork && key.length <= 64
  return isCheap && cost >= 1 && within(blockSize, 16) && within(parallelism, 16) && key.length >= 16
}

function within(value: number, most: number): boolean {
  return value >= 1 && value <= most
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64').replaceAll('=', '')
}
