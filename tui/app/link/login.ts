import type { OperatorPlace } from '../../options/place.ts'
import { passwordForm } from '../store/dialogs.ts'
import type { Store } from '../store/store.ts'

interface Question extends PromiseWithResolvers<string> {
  readonly operator: string
}

/** Asks the person for an operator's password, in a dialog that comes as soon as no other is open. */
export class Login {
  readonly #store: Store
  #question: Question | null = null

  constructor(store: Store) {
    this.#store = store
    store.subscribe(() => this.#show())
  }

  /** Resolves to what was typed; rejects if the person gives up. */
  ask({ operator }: OperatorPlace): Promise<string> {
    this.#question = { operator, ...Promise.withResolvers<string>() }
    // Something answers, so it is not disconnected any longer.
    this.#store.feed({ type: 'link', link: { state: 'connecting', reason: null } })
    this.#show()
    return this.#question.promise
  }

  /** The person has typed it. */
  answer(password: string): void {
    this.#settle()?.resolve(password)
  }

  /** The person does not want to. */
  giveUp(): void {
    this.#settle()?.reject(new Error('you gave none'))
  }

  #settle(): Question | null {
    const question = this.#question
    this.#question = null
    return question
  }

  #show(): void {
    if (!this.#question || this.#store.state.dialog) return
    const dialog = passwordForm('login', this.#question.operator)
    this.#store.dispatch({ type: 'dialog', event: { do: 'open', dialog } })
  }
}
