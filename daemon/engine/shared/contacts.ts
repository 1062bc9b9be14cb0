import { isSame } from '../../net/address.ts'

/** Addresses that one association remembers, at most. */
const most = 1_024
/** Addresses that it may remember, however many associations there are. */
const fewest = 32
/** Addresses of all associations of one loop together, shared out evenly between those two bounds. */
const mostTogether = 131_072

/** Where a datagram went, and by which name, if it was one. */
export interface Contact {
  readonly bytes: Uint8Array
  readonly name: string | undefined
  readonly port: number
}

/** The addresses that an association has sent to, the last ones: only they may answer. */
export class Contacts {
  readonly #associations: { readonly size: number }
  /** As whom each was sent to last. */
  readonly #contacts = new Map<number | string, Contact>()
  #last: Contact | undefined

  /** `associations` tells how many a loop has now. */
  constructor(associations: { readonly size: number }) {
    this.#associations = associations
  }

  /** `bytes` may change afterwards. */
  add(bytes: Uint8Array, name: string | undefined, port: number): void {
    if (this.#last && isIt(this.#last, name, port) && isSame(this.#last.bytes, bytes)) return
    const key = keyOf(bytes)
    const known = this.#contacts.get(key)
    this.#last = known && isIt(known, name, port) ? known : { bytes: bytes.slice(), name, port }
    this.#contacts.delete(key)
    this.#contacts.set(key, this.#last)
    const capacity = Math.min(most, Math.max(fewest, Math.floor(mostTogether / this.#associations.size)))
    if (this.#contacts.size > capacity) this.#forget(this.#contacts.size - capacity)
  }

  has(address: Uint8Array): boolean {
    return this.#contacts.has(keyOf(address))
  }

  /** Forgets those that may not be sent to any more. */
  review(mayBe: (contact: Contact) => boolean): void {
    for (const [key, contact] of this.#contacts) if (!mayBe(contact)) this.#contacts.delete(key)
    this.#last = undefined
  }

  /** The oldest come first. */
  #forget(count: number): void {
    for (const key of this.#contacts.keys()) {
      if (count-- === 0) return
      this.#contacts.delete(key)
    }
  }
}

function isIt(contact: Contact, name: string | undefined, port: number): boolean {
  return contact.port === port && contact.name === name
}

/** Equal for the same addresses alone. */
function keyOf(address: Uint8Array): number | string {
  if (address.length === 4) return (address[0] << 24) | (address[1] << 16) | (address[2] << 8) | address[3]
  return Buffer.from(address.buffer, address.byteOffset, address.length).toString('latin1')
}
