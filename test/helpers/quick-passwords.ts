import { randomBytes } from 'node:crypto'
import { deriveKey, keyBytes, type ScryptHash, saltBytes } from '../../daemon/access/password-hash.ts'
import { Passwords } from '../../daemon/access/passwords.ts'

/** For tests of what is not the hashing: a hash says what it costs, and these cost next to nothing, to make and to check. */
export class QuickPasswords extends Passwords {
  override async hash(password: string | Uint8Array): Promise<ScryptHash> {
    const fields = { cost: 1, blockSize: 1, parallelism: 1, salt: randomBytes(saltBytes) }
    return { ...fields, key: await deriveKey(Buffer.from(password), fields, keyBytes) }
  }
}
