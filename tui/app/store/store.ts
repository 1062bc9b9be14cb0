import { reduce } from './reducer.ts'
import { type DataEvent, type State, stateAt, type UiEvent } from './state.ts'
import type { Toast } from './toasts.ts'
import { settleCursor } from './view.ts'

/** Milliseconds that a success stays. */
const reading = 4000

/** Holds the state. What the person does shows at once; what the daemon tells shows at most so many times a second. */
export class Store {
  /** Milliseconds between repaints that data alone asks for. */
  readonly #pace: number
  #shown: State
  /** With what the daemon has told since. */
  #newest: State
  #shownAt = 0
  #timer: NodeJS.Timeout | undefined
  #announcement: NodeJS.Timeout | undefined
  readonly #listeners = new Set<() => void>()

  /** `places`: where the daemons are; `refresh`: how often a second data alone may change what is shown. */
  constructor(places: readonly string[], refresh: number) {
    this.#shown = stateAt(places)
    this.#newest = this.#shown
    this.#pace = 1000 / refresh
  }

  /** The state on the screen: what the person sees is what a key is about. */
  get state(): State {
    return this.#shown
  }

  /** Hear when `state` is another one, until the returned function is called. May be taken off the object. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Something happened here: show it now. */
  dispatch(event: UiEvent): void {
    this.#newest = reduce(this.#newest, event)
    this.#show()
  }

  /** Something came from the daemon at the index `of`: show it when its turn has come. */
  feed(of: number, event: DataEvent): void {
    this.#newest = reduce(this.#newest, event, of)
    this.#timer ??= setTimeout(() => this.#show(), Math.max(0, this.#shownAt + this.#pace - performance.now()))
  }

  /** Say one line: a success for a few seconds, a failure until the next key. */
  announce(text: string, tone: Toast['tone']): void {
    clearTimeout(this.#announcement)
    this.dispatch({ type: 'say', text, tone, at: Date.now() })
    if (this.#shown.toasts.shown?.tone === 'bad') return
    this.#announcement = setTimeout(() => this.dispatch({ type: 'hush' }), reading).unref()
  }

  #show(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#newest = settleCursor(this.#shown, this.#newest)
    this.#shown = this.#newest
    this.#shownAt = performance.now()
    for (const listener of this.#listeners) listener()
  }
}
