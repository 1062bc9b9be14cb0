import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { cookieUser } from '../../shared/protocol/limits.ts'
import { beginClient, beginServer, makeKeys, minIterations } from '../../shared/protocol/scram.ts'

/** One login with the cookie in all its steps, the same each time. */
export interface WorkedLogin {
  readonly password: string
  readonly clientFirst: string
  readonly serverFirst: string
  readonly clientFinal: string
  readonly serverFinal: string
  /** What is computed on the way, in this order: name of RFC 5802, how, and the value. */
  readonly steps: readonly (readonly [name: string, how: string, value: string])[]
}

/** A cookie, nonces and salt that are no secrets: daemon and client draw theirs at random. */
const cookie = createHash('sha256').update('a cookie for the protocol page').digest('hex')
const clientNonce = 'fyko+d2lbbFgONRv9qkxdawL'
const serverNonce = '3rfcNHYJY1ZVvWVs7jJ8tGZq'
const salt = createHash('sha256').update('a salt for the protocol page').digest().subarray(0, 16)

/** Both sides as the programs compute them. */
function exchange(): Omit<WorkedLogin, 'password' | 'steps'> {
  const keys = makeKeys(cookie, salt, minIterations)
  const client = beginClient(cookieUser, clientNonce)
  const server = beginServer(client.message, { keysOf: () => keys, decoySecret: salt }, serverNonce)
  const final = client.answer(server.message, cookie)
  const serverFinal = server.finish(final.message)
  final.verify(serverFinal)
  return { clientFirst: client.message, serverFirst: server.message, clientFinal: final.message, serverFinal }
}

/** The same by RFC 5802, section 3, with what the programs do not show. */
function stepsOf({ clientFirst, serverFirst, clientFinal }: ReturnType<typeof exchange>): WorkedLogin['steps'] {
  const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const withoutProof = clientFinal.slice(0, clientFinal.indexOf(',p='))
  const authMessage = [clientFirst.slice('n,,'.length), serverFirst, withoutProof].join(',')
  const salted = pbkdf2Sync(cookie, salt, minIterations, 32, 'sha256')
  const clientKey = hmac(salted, 'Client Key')
  const storedKey = createHash('sha256').update(clientKey).digest()
  const clientSignature = hmac(storedKey, authMessage)
  const proof = clientKey.map((byte, at) => byte ^ (clientSignature[at] ?? 0))
  const serverKey = hmac(salted, 'Server Key')
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  return [
    [
      'AuthMessage',
      'client-first without `n,,` + `,` + server-first + `,` + client-final without its proof',
      authMessage,
    ],
    ['SaltedPassword', 'PBKDF2-HMAC-SHA-256(password, salt, i), 32 bytes', hex(salted)],
    ['ClientKey', 'HMAC(SaltedPassword, "Client Key")', hex(clientKey)],
    ['StoredKey', 'SHA-256(ClientKey)', hex(storedKey)],
    ['ClientSignature', 'HMAC(StoredKey, AuthMessage)', hex(clientSignature)],
    ['ClientProof', 'ClientKey XOR ClientSignature; in base64 it is `p=`', hex(proof)],
    ['ServerKey', 'HMAC(SaltedPassword, "Server Key")', hex(serverKey)],
    ['ServerSignature', 'HMAC(ServerKey, AuthMessage); in base64 it must be `v=`', hex(hmac(serverKey, authMessage))],
  ]
}

const messages = exchange()

export const worked: WorkedLogin = { password: cookie, ...messages, steps: stepsOf(messages) }
