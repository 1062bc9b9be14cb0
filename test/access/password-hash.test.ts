import { hash as digest } from 'node:crypto'
import { expect, it } from 'vitest'
import {
  deriveKey,
  formatPasswordHash,
  type PasswordHash,
  parsePasswordHash,
} from '../../daemon/access/password-hash.ts'

const hash: PasswordHash = {
  cost: 14,
  blockSize: 8,
  parallelism: 1,
  salt: Buffer.from('SodiumChloride'),
  key: Buffer.alloc(32, 0xfb),
}
const written = '$scrypt-sha256$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s'

it('is another for every password', async () => {
  const long = Buffer.alloc(100, 'x')
  const alike = ['secret', 'secret\0', 'Secret', long, digest('sha256', long, 'buffer')]
  const keys = await Promise.all(alike.map((password) => deriveKey(Buffer.from(password), hash, 32)))
  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(alike.length)
})

it('depends on salt and cost', async () => {
  const others = [hash, { ...hash, salt: Buffer.from('salt') }, { ...hash, cost: 13 }]
  const keys = await Promise.all(others.map((hash) => deriveKey(Buffer.from('secret'), hash, 32)))
  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(others.length)
})

it('is written as a PHC string and read back', () => {
  expect(formatPasswordHash(hash)).toBe(written)
  expect(parsePasswordHash(written)).toEqual(hash)
})

it.each([
  ['nothing', ''],
  ['another function', written.replace('scrypt-sha256', 'bcrypt')],
  ['no key', written.slice(0, written.lastIndexOf('$'))],
  ['a short key', `${written.slice(0, written.lastIndexOf('$'))}$AAAA`],
  ['padding', `${written}=`],
  ['a text around it', ` ${written}`],
  ['a price in gigabytes', written.replace('ln=14', 'ln=30')],
  ['a price in minutes', written.replace('ln=14,r=8,p=1', 'ln=16,r=16,p=2')],
  ['a price beside that of N', written.replace('ln=14,r=8,p=1', 'ln=1,r=1,p=524288')],
  ['a price of nothing', written.replace('ln=14', 'ln=0')],
  ['endless work', written.replace('p=1', 'p=4000000000')],
])('is not read from %s', (_what, text) => {
  expect(parsePasswordHash(text)).toBeUndefined()
})
