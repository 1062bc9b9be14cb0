import {
  type DaemonState,
  type DataEvent,
  daemonAt,
  type Event,
  type State,
  stateAt,
  type UiEvent,
  type UiState,
} from '../state/state.ts'
import type { Toast } from '../state/toasts.ts'
import { settleCursor } from '../tables/view.ts'
import { reduceDaemon } from './reduce-daemon.ts'
import { reduceUi } from './reduce-ui.ts'

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

  /** Show what daemons have told by now: a deed that has waited for that goes on with it. */
  catchUp(): void {
    this.#show()
  }

  /** Say one line: a success for a few seconds, a failure until the next key. */
  announce(text: string, tone: Toast['tone']): void {
    clearTimeout(this.#announcement)
    this.dispatch({ type: 'say', text, tone, at: Date.now() })
    if (this.#shown.toasts.shown?.tone === 'bad') return
    this.#announcement = setTimeout(() => this.dispatch({ type: 'clearMessage' }), reading).unref()
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

/** The state after an event; what a daemon tells is about the one at the index `of`. */
export function reduce(state: State, event: Event, of = state.current): State {
  const ui = reduceUi(state, event)
  const daemons = replaceAt(state.daemons, of, (daemon) => reduceDaemon(daemon, event))
  return compose(ui, event.type === 'addDaemon' ? [...daemons, daemonAt(event.place)] : daemons)
}

/** The current daemon's state laid beside what the person has made of the screen. */
function compose(ui: UiState, daemons: readonly DaemonState[]): State {
  const current = daemons[ui.current]
  if (!current) throw new Error(`there is no daemon ${ui.current}`)
  return { ...ui, ...current, daemons }
}

function replaceAt<T>(list: readonly T[], at: number, change: (one: T) => T): readonly T[] {
  const before = list[at]
  if (before === undefined) return list
  const after = change(before)
  return after === before ? list : list.with(at, after)
}
