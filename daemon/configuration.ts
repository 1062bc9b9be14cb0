import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Setting } from '../shared/protocol/methods.ts'
import { runtimeDirectory } from '../shared/runtime-paths.ts'
import { type SettingName, type SettingShape, type Settings, settings } from '../shared/settings.ts'

/** A value for every setting, and where each comes from. */
export interface Configuration {
  readonly values: Readonly<Settings>
  readonly sources: Readonly<Record<SettingName, Setting['source']>>
}

/** A flag wins over the file, the file over the default. Directories come out absolute. */
export function configure(
  flags: Partial<Settings>,
  file: Partial<Settings>,
  env: Record<string, string | undefined>,
  uid: number,
): Configuration {
  const names = Object.keys(settings) as SettingName[]
  const values = { ...defaults(env, uid), ...file, ...flags }
  const source = (name: SettingName) => (name in flags ? 'flag' : name in file ? 'file' : 'default')
  return {
    values: {
      ...values,
      'state-dir': resolve(values['state-dir']),
      'runtime-dir': resolve(values['runtime-dir']),
    },
    sources: Object.fromEntries(names.map((name) => [name, source(name)])) as Configuration['sources'],
  }
}

function defaults(env: Record<string, string | undefined>, uid: number): Settings {
  const fixed = Object.fromEntries(Object.entries(settings).map(([name, shape]) => [name, shape.default]))
  return {
    ...(fixed as unknown as Settings),
    'state-dir': uid === 0 ? '/var/lib/proxyd' : join(env.XDG_STATE_HOME || join(homedir(), '.local/state'), 'proxyd'),
    'runtime-dir': runtimeDirectory(env, uid),
  }
}

/** Every setting for people to read; secrets are left out. */
export function listSettings({ values, sources }: Configuration): Setting[] {
  const shapes: [string, SettingShape][] = Object.entries(settings)
  return shapes
    .filter(([, shape]) => !shape.secret)
    .map(([name, { summary }]) => {
      const value = values[name as SettingName]
      return {
        name,
        value: typeof value === 'object' ? [...value] : value,
        source: sources[name as SettingName],
        summary,
      }
    })
}
