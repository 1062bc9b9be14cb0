import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { homeFolder } from '../../../shared/folders.ts'
import { readPlainFile, UnfitFile } from '../../../shared/whole-file.ts'
import { type Preferences, readPreferences } from '../state/preferences.ts'
import { preferencesOf } from '../store/prefer.ts'
import type { Store } from '../store/store.ts'
import type { ThemeChoice } from '../themes/theme.ts'

/** Milliseconds from a choice to its being kept: several are made in a row. */
const moment = 500

/**
 * Show what the person chose in earlier runs, and keep what they choose from now on. `theme`: the one that was asked for
 * this time, which is not kept unless another one is chosen after it. Call what it returns at the end.
 */
export function rememberPreferences(store: Store, env: NodeJS.ProcessEnv, theme?: ThemeChoice): () => void {
  const path = preferencesPath(env)
  const found = loadPreferences(path)
  const earlier = found ?? {}
  store.dispatch({ type: 'prefer', preferences: { ...earlier, theme: theme ?? earlier.theme ?? 'auto' } })
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

/** Where choices are kept: `$XDG_STATE_HOME/proxyd/proxy-tui.json`, else below `~/.local/state`, if there is a home. */
function preferencesPath(env: NodeJS.ProcessEnv): string | undefined {
  const home = homeFolder()
  const folder = env.XDG_STATE_HOME || (home && join(home, '.local/state'))
  return folder && join(folder, 'proxyd', 'proxy-tui.json')
}

/** Bytes of a file that can be ours. */
const most = 65_536

/** What is kept there, nothing if there is no such file or nobody may read it; null if it makes no sense. */
function loadPreferences(path: string | undefined): Preferences | null {
  if (path === undefined) return {}
  try {
    return readPreferences(readPlainFile(path, most).toString('utf8'))
  } catch (error) {
    return error instanceof UnfitFile ? null : {}
  }
}

/**
 * Keep choices there, whole or not at all, for their owner only. Where that is not possible (a home that cannot be
 * written, no home at all, a full disk) they last until the app ends, which is nothing to bother anybody with.
 */
function savePreferences(path: string | undefined, preferences: Preferences): void {
  if (path === undefined) return
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    replace(path, `${JSON.stringify(preferences, null, 2)}\n`)
  } catch {
    // They are in the state, which is what counts now.
  }
}

function replace(path: string, text: string): void {
  const draft = `${path}.${process.pid}`
  try {
    writeFileSync(draft, text, { mode: 0o600 })
    renameSync(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}
