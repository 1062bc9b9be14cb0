import { isAbsolute } from 'node:path'
import {
  isSetting,
  type SettingName,
  type SettingShape,
  type Settings,
  type SettingValue,
  settings,
} from '../../shared/settings.ts'
import { problemWith } from './setting-values.ts'
import { closed } from './tighter-settings.ts'

/** What keeps this from being stored as a setting, null meaning no value: the end of a sentence that begins with the name. */
export function problemWithStoring(name: string, value: SettingValue | null): string | undefined {
  if (!isSetting(name)) return 'is no setting of this proxyd; config.get lists them all'
  const shape: SettingShape = settings[name]
  if (!shape.runtime)
    return 'takes effect at start: set it in the config file, and upgrade or restart; or as a flag, and restart'
  return value === null ? undefined : (problemWith(name, value) ?? placeProblem(name, String(value)))
}

/** Whoever sets it stands in another folder than the daemon does, and the next start in a third one. */
function placeProblem(name: SettingName, value: string): string | undefined {
  if (name !== 'access-log' || value === 'off' || value === '-' || isAbsolute(value)) return undefined
  return `must be the path of a file from / on, off or -, and not ${JSON.stringify(value)}`
}

/**
 * Of what is stored, all that counts. `warn` hears of what does not, as another version of proxyd may have stored it: where that may
 * have kept others out, what keeps out the most counts in its place.
 */
export function acceptStored(
  stored: ReadonlyMap<string, SettingValue>,
  warn: (message: string) => void = () => {},
): Partial<Settings> {
  const accepted: Record<string, SettingValue> = {}
  for (const [name, value] of stored) {
    const problem = problemWithStoring(name, value)
    const safe = problem === undefined ? value : closed[name as SettingName]
    if (safe !== undefined) accepted[name] = safe
    if (problem === undefined) continue
    const instead = safe === undefined ? '' : `, and ${String(safe) || 'nothing'} counts`
    warn(`the stored setting ${name} is ignored${instead}: it ${problem}; set it anew, or to null to forget it`)
  }
  return accepted
}
