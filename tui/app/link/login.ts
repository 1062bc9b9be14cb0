import type { OperatorPlace } from '../../options/place.ts'
import { loginForm } from '../state/forms.ts'
import type { Store } from '../store/store.ts'

interface Question extends PromiseWithResolvers<string> {
  readonly operator: string
}

/** Asks the person for an operator's password, in a dialog that comes once that daemon is shown and no other is open. */
export class Login {
  readonly #store: Store
  /** By the daemon that wants to know. */
  readonly #questions = new Map<number, Question>()
  /** By operator, what was typed last. */
  readonly #typed = new Map<string, string>()

  constructor(store: Store) {
    this.#store = store
    store.subscribe(() => this.#show())
  }

  /** For the store's daemon `at`. Resolves to what was typed; rejects if the person gives up. */
  ask(at: number, { operator }: OperatorPlace): Promise<string> {
    const question = { operator, ...Promise.withResolvers<string>() }
    this.#questions.set(at, question)
    // Something answers, so it is not disconnected any longer.
    this.#store.feed(at, { type: 'link', link: { state: 'connecting', reason: null } })
    this.#show()
    return question.promise
  }

  /**
   * As `ask`, for a daemon that was found by another one, whose operators are the same: what was typed for that name before is tried
   * first.
   */
  reuse(at: number): Login['ask'] {
    let isTried = false
    return async (_, place) => {
      const typed = this.#typed.get(place.operator)
      if (isTried || typed === undefined) return this.ask(at, place)
      isTried = true
      return typed
    }
  }

  /** The person has typed it. */
  answer(password: string): void {
    const question = this.#settle()
    if (!question) return
    this.#typed.set(question.operator, password)
    question.resolve(password)
  }

  /** The person does not want to. */
  giveUp(): void {
    this.#settle()?.reject(new Error('you gave none'))
  }

  #settle(): Question | undefined {
    const { current } = this.#store.state
    const question = this.#questions.get(current)
    this.#questions.delete(current)
    return question
  }

  #show(): void {
    const { current, dialog } = this.#store.state
    const question = this.#questions.get(current)
    if (!question || dialog) return
    const form = loginForm(question.operator)
    this.#store.dispatch({ type: 'dialog', event: { do: 'open', dialog: form } })
  }
}
