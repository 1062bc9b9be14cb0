import type { SettingValue } from '../../shared/settings.ts'

export interface StoredSettings {
  /** Of the last change; 0 if there was none. */
  readonly revision: number
  /** By name. Another version of proxyd may have stored names and values that this one does not know. */
  readonly values: ReadonlyMap<string, SettingValue>
}

/** Settings that last: a change that has resolved survives a crash, one that has rejected was not made. */
export interface SettingsStore {
  load(): Promise<StoredSettings>
  /** Puts these values by name, and takes back those that are null, as the change with this revision. */
  save(revision: number, changes: ReadonlyMap<string, SettingValue | null>): Promise<void>
}
