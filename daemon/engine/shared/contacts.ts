/** Addresses that one association remembers, at most. */
const most = 1_024
/** And that it may, however many associations there are. */
const fewest = 32
/** Those of all associations of one loop together, shared out evenly between the two. */
const mostTogether = 131_072

/** The addresses that an association has sent to, the last ones: only they may answer. */
export class Contacts {
  readonly #associations: { readonly size: number }
  readonly #keys = new Set<number | string>()
  #last: number | string | undefined

  /** `associations` tells how many a loop has now. */
  constructor(associations: { readonly size: number }) {
    this.#associations = associations
  }

  add(address: Uint8Array): void {
    const key = keyOf(address)
    if (key === this.#last) return
    this.#last = key
    this.#keys.delete(key)
    this.#keys.add(key)
    const capacity = Math.min(most, Math.max(fewest, Math.floor(mostTogether / this.#associations.size)))
    if (this.#keys.size > capacity) this.#forget(this.#keys.size - capacity)
  }

  has(address: Uint8Array): boolean {
    return this.#keys.has(keyOf(address))
  }

  /** The oldest come first. */
  #forget(count: number): void {
    for (const key of this.#keys) {
      if (count-- === 0) return
      this.#keys.delete(key)
    }
  }
}

/** Equal for the same addresses alone. */
function keyOf(address: Uint8Array): number | string {
  if (address.length === 4) return (address[0] << 24) | (address[1] << 16) | (address[2] << 8) | address[3]
  return String.fromCharCode(...address)
}
