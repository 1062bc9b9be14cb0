import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { homeFolder } from '../../../shared/folders.ts'
import { type Preferences, readPreferences } from './preferences.ts'

/** Where choices are kept: `$XDG_STATE_HOME/proxyd/proxy-tui.json`, else below `~/.local/state`, if there is a home. */
export function preferencesPath(env: NodeJS.ProcessEnv): string | undefined {
  const home = homeFolder()
  const folder = env.XDG_STATE_HOME || (home && join(home, '.local/state'))
  return folder && join(folder, 'proxyd', 'proxy-tui.json')
}

/** Bytes of a file that can be ours. */
const most = 65_536

/** What is kept there, nothing if there is no such file or nobody may read it; null if it makes no sense. */
export function loadPreferences(path: string | undefined): Preferences | null {
  if (path === undefined) return {}
  try {
    const text = readFileSync(path, 'utf8')
    return text.length > most ? null : readPreferences(text)
  } catch {
    return {}
  }
}

/**
 * Keep choices there, whole or not at all, for their owner only. Where that is not possible (a home that cannot be
 * written, no home at all, a full disk) they last until the app ends, which is nothing to bother anybody with.
 */
export function savePreferences(path: string | undefined, preferences: Preferences): void {
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
