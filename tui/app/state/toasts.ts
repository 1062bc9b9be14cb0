/** What came of something, in one line. */
export interface Toast {
  readonly text: string
  readonly tone: 'good' | 'bad'
  /** Milliseconds since 1970 by this machine's clock, of the last time. */
  readonly at: number
  /** How often it was said in a row. */
  readonly times: number
}

/** What has been said: now, and before. */
export interface Toasts {
  /** On the message line; null: nothing. */
  readonly shown: Toast | null
  /** Said since the person last pressed a key, beside the one shown. */
  readonly more: number
  /** A key was pressed since. */
  readonly read: boolean
  /** The last ones, oldest first. */
  readonly history: readonly Toast[]
}

export const noToasts: Toasts = { shown: null, more: 0, read: true, history: [] }

const mostHistory = 100

/** Say something more. A success does not hide the failure that has just been told. */
export function say(toasts: Toasts, text: string, tone: Toast['tone'], at: number): Toasts {
  const { shown, history } = toasts
  const last = history.at(-1)
  const again = last?.text === text && last.tone === tone
  const toast: Toast = { text, tone, at, times: again ? last.times + 1 : 1 }
  const told = [...(again ? history.slice(0, -1) : history), toast].slice(-mostHistory)
  const stays = shown?.tone === 'bad' && tone === 'good'
  const more = shown === null || toasts.read ? 0 : toasts.more + (again ? 0 : 1)
  return { shown: stays ? shown : toast, more, read: false, history: told }
}

/** Empty the message line; the history stays. */
export function clearMessage(toasts: Toasts): Toasts {
  return toasts.shown === null ? toasts : { ...toasts, shown: null, more: 0 }
}

/** A key is pressed: a failure has been read, and a success needs no more room than it has. */
export function markRead(toasts: Toasts): Toasts {
  if (toasts.shown === null || toasts.read) return toasts
  return toasts.shown.tone === 'bad' ? clearMessage(toasts) : { ...toasts, read: true }
}
