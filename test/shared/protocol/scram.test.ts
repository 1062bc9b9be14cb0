import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { expect, it } from 'vitest'
import {
  beginClient,
  beginServer,
  deriveKeys,
  type KeyRing,
  makeKeys,
  ScramError,
} from '../../../shared/protocol/scram.ts'

/** RFC 7677, section 3. */
const vector = {
  salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
  clientNonce: 'rOprNGfwEbeRWgbNEkqO',
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
}

const keys = makeKeys('pencil', vector.salt, 4096)
const ring: KeyRing = {
  keysOf: (user) => (user === 'user' || user === 'a,b=c' ? keys : undefined),
  decoySecret: Buffer.alloc(32, 7),
}
const fields = /^r=(?<nonce>[^,]*),s=(?<salt>[^,]*),i=(?<iterations>\d+)$/

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** The daemon's side, as far as it gets. */
function serve(clientFirst = vector.clientFirst) {
  return beginServer(clientFirst, ring, vector.serverNonce)
}

/** The client's side, as far as it gets. */
function answer(serverFirst = vector.serverFirst, password = 'pencil') {
  return beginClient('user', vector.clientNonce).answer(serverFirst, password)
}

it('speaks as in RFC 7677, section 3, on the client side', () => {
  const client = beginClient('user', vector.clientNonce)
  expect(client.message).toBe(vector.clientFirst)
  const final = client.answer(vector.serverFirst, 'pencil')
  expect(final.message).toBe(vector.clientFinal)
  expect(() => final.verify(vector.serverFinal)).not.toThrow()
})

it('speaks as in RFC 7677, section 3, on the server side', () => {
  const server = serve()
  expect(server.user).toBe('user')
  expect(server.message).toBe(vector.serverFirst)
  expect(server.finish(vector.clientFinal)).toBe(vector.serverFinal)
})

it('makes nonces of its own, never the same', () => {
  const nonces = [beginClient('user'), beginClient('user')].map(({ message }) => message)
  expect(nonces[0]).not.toBe(nonces[1])
  const first = nonces[0] ?? ''
  expect(beginServer(first, ring).message).not.toBe(beginServer(first, ring).message)
})

it('carries a name with a comma and an equals sign', () => {
  const client = beginClient('a,b=c')
  const server = beginServer(client.message, ring)
  expect(server.user).toBe('a,b=c')
  const final = client.answer(server.message, 'pencil')
  expect(() => final.verify(server.finish(final.message))).not.toThrow()
})

it('accepts a client that could bind channels but sees that the server cannot', () => {
  const first = 'n=user,r=rOprNGfwEbeRWgbNEkqO'
  const server = serve(`y,,${first}`)
  const withoutProof = `c=${Buffer.from('y,,').toString('base64')},r=${vector.clientNonce}${vector.serverNonce}`
  // RFC 5802, section 3.
  const clientKey = hmac(pbkdf2Sync('pencil', vector.salt, 4096, 32, 'sha256'), 'Client Key')
  const storedKey = createHash('sha256').update(clientKey).digest()
  const signature = hmac(storedKey, `${first},${server.message},${withoutProof}`)
  const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))
  expect(server.finish(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`)).toMatch(/^v=/)
})

it('refuses a wrong password and an unknown user with one text', () => {
  const texts = ['user', 'nobody'].map((user) => {
    const client = beginClient(user)
    const server = beginServer(client.message, ring)
    try {
      return server.finish(client.answer(server.message, 'wrong').message)
    } catch (error) {
      return (error as ScramError).message
    }
  })
  expect(texts[0]).toBe(texts[1])
})

it('makes up a salt for an unknown user: always the same, as long as a real one, for others another', async () => {
  const ann = await deriveKeys('a password')
  const someRing = { ...ring, keysOf: (user: string) => (user === 'ann' ? ann : undefined) }
  const challenge = (user: string) => fields.exec(beginServer(beginClient(user).message, someRing).message)?.groups
  const real = challenge('ann')
  const decoy = challenge('nobody')
  expect(challenge('nobody')?.salt).toBe(decoy?.salt)
  expect(challenge('noone')?.salt).not.toBe(decoy?.salt)
  expect(decoy?.salt).toHaveLength(real?.salt?.length ?? 0)
  expect(decoy?.iterations).toBe(real?.iterations)
})

it('derives the same keys off the main thread, with a salt of their own', async () => {
  const [derived, other] = await Promise.all([deriveKeys('pencil'), deriveKeys('pencil')])
  expect(derived).toEqual(makeKeys('pencil', derived.salt, derived.iterations))
  expect(derived.salt).not.toEqual(other.salt)
})

it.each([
  ['nothing', ''],
  ['no header', 'n=user,r=abc'],
  ['channel binding', 'p=tls-unique,,n=user,r=abc'],
  ['acting for another', 'n,a=admin,n=user,r=abc'],
  ['a mandatory extension', 'n,,m=x,n=user,r=abc'],
  ['a mandatory extension at the end', 'n,,n=user,r=abc,m=x'],
  ['no nonce', 'n,,n=user,r='],
  ['a nonce with a space', 'n,,n=user,r=a c'],
  ['no name', 'n,,n=,r=abc'],
  ['a name with a bare equals sign', 'n,,n=a=b,r=abc'],
  ['a line after it', 'n,,n=user,r=abc\nx'],
])('refuses a first message with %s', (_, message) => expect(() => serve(message)).toThrow(ScramError))

it.each([
  ['nothing', ''],
  ['another nonce', vector.clientFinal.replace('k0,p', 'k1,p')],
  ['only the own nonce', 'c=biws,r=rOprNGfwEbeRWgbNEkqO,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='],
  ['another header', vector.clientFinal.replace('biws', 'eSws')],
  ['another proof', vector.clientFinal.replace('dHz', 'eHz')],
  ['a short proof', vector.clientFinal.replace(/p=.*/, 'p=AAAA')],
  ['no proof', vector.clientFinal.replace(/,p=.*/, '')],
])('refuses a final message with %s', (_, message) => expect(() => serve().finish(message)).toThrow(ScramError))

it.each([
  ['nothing', ''],
  ['a nonce not ours', vector.serverFirst.replace('r=rO', 'r=xx')],
  ['our nonce alone', vector.serverFirst.replace('%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0', '')],
  ['no salt', vector.serverFirst.replace(/s=[^,]*/, 's=')],
  ['a mandatory extension', `m=x,${vector.serverFirst}`],
  ['too few iterations', vector.serverFirst.replace('4096', '4095')],
  ['iterations for an hour', vector.serverFirst.replace('4096', '4096000000')],
])('refuses a challenge with %s', (_, message) => expect(() => answer(message)).toThrow(ScramError))

it.each([
  ['nothing', ''],
  ['an error', 'e=other-error'],
  ['another signature', vector.serverFinal.replace('6r', '7r')],
  ['a short signature', 'v=AAAA'],
])('does not believe a daemon that proves itself with %s', (_, message) =>
  expect(() => answer().verify(message)).toThrow(ScramError),
)
