/** Names remembered at once; the one learnt first goes first. */
const capacity = 4_096
/** Milliseconds for which an answer is good, at most, whoever says otherwise. */
const longest = 30_000
/** That a name has no addresses may be a passing trouble, but who asks for it again at once shall not search again. */
const negativeLasts = 3_000

/** Addresses, or the lack of them, of names that were asked for a moment ago. */
export class Answers {
  readonly #answers = new Map<string, { readonly addresses: readonly string[]; readonly until: number }>()

  /** The name's addresses; undefined if they are not known, or not any more. */
  recall(name: string): readonly string[] | undefined {
    const answer = this.#answers.get(name)
    if (!answer || answer.until > performance.now()) return answer?.addresses
    this.#answers.delete(name)
    return undefined
  }

  /** Remember what was found; `lasts`: milliseconds for which addresses may be kept. */
  learn(name: string, addresses: readonly string[], lasts: number): void {
    this.#answers.delete(name)
    const kept = addresses.length > 0 ? Math.min(lasts, longest) : negativeLasts
    if (kept <= 0) return
    this.#answers.set(name, { addresses, until: performance.now() + kept })
    const [oldest] = this.#answers.keys()
    if (this.#answers.size > capacity && oldest !== undefined) this.#answers.delete(oldest)
  }
}
