/** Changes that take their turns, so that two operators never interfere. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Makes the change once those before are made; settles as it does. */
  take<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change)
    this.#last = result.catch(() => {})
    return result
  }
}
