import { type Form, type Told, textsOf } from '../state/forms.ts'

/** Milliseconds without a key, after which what is typed is worth a question. */
const pause = 150

/** Asks the daemon what would come of what is typed into a form: at once when it is opened, then when typing pauses. */
export class TrialWatch {
  readonly #ask: (form: Form) => Promise<Omit<Told, 'of'>>
  readonly #tell: (told: Told) => void
  #form: Form | null = null
  #timer: NodeJS.Timeout | undefined

  /** `ask` does not reject but for faults of ours. */
  constructor(ask: (form: Form) => Promise<Omit<Told, 'of'>>, tell: (told: Told) => void) {
    this.#ask = ask
    this.#tell = tell
  }

  /** This form is open now; null: none that the daemon is to be asked about. */
  settle(form: Form | null): void {
    const before = this.#form
    if (form === before) return
    this.#form = form
    if (form && before && form.purpose === before.purpose && textsOf(form) === textsOf(before)) return
    clearTimeout(this.#timer)
    if (form) this.#timer = setTimeout(() => void this.#question(form), before ? pause : 0)
  }

  /** An answer about what has been changed since is dropped where the form is. */
  async #question(form: Form): Promise<void> {
    this.#tell({ of: textsOf(form), ...(await this.#ask(form)) })
  }
}
