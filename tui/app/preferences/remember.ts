import type { Store } from '../store/store.ts'
import type { ThemeName } from '../themes/theme.ts'
import { type Preferences, preferencesOf } from './preferences.ts'
import { loadPreferences, preferencesPath, savePreferences } from './preferences-file.ts'

/** Milliseconds from a choice to its being kept: several are made in a row. */
const moment = 500

/**
 * Show what the person chose in earlier runs, and keep what they choose from now on. `theme`: the one that was asked for
 * this time, which is not kept unless another one is chosen after it. Call what it returns at the end.
 */
export function rememberPreferences(store: Store, env: NodeJS.ProcessEnv, theme?: ThemeName): () => void {
  const path = preferencesPath(env)
  const found = loadPreferences(path)
  const earlier = found ?? {}
  store.dispatch({ type: 'prefer', preferences: { ...earlier, theme: theme ?? earlier.theme ?? themeFor(env) } })
  if (!found) store.announce(`what is kept in ${path} makes no sense and is ignored`, 'bad')
  const asked = store.state.theme
  const wanted = (): Preferences => {
    const now = preferencesOf(store.state)
    return now.theme === asked ? { ...now, theme: earlier.theme } : now
  }
  let kept = JSON.stringify(wanted())
  const keep = () => {
    clearTimeout(timer)
    timer = undefined
    const preferences = wanted()
    const text = JSON.stringify(preferences)
    if (text === kept) return
    kept = text
    savePreferences(path, preferences)
  }
  let timer: NodeJS.Timeout | undefined
  const unsubscribe = store.subscribe(() => {
    timer ??= setTimeout(keep, moment)
  })
  return () => {
    unsubscribe()
    keep()
  }
}

/** Some terminals tell which of their colours the background is: `15;0`, the last number. */
function themeFor({ COLORFGBG = '' }: NodeJS.ProcessEnv): ThemeName {
  return /;(7|15)$/.test(COLORFGBG) ? 'light' : 'dark'
}
